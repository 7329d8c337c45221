# SPDX-License-Identifier: MIT
#
# The rig's targets, for the top-level Makefile to include.

.PHONY: rig rig-tests

rig: ## build the Xen machine's dom0 from Debian's packages (once, cached)
	rig/build

rig-tests: ## the rig's own unit tests (quick, without Xen)
	@python3 -B scripts/run-python-tests rig/tests build/test-results/rig.counts
