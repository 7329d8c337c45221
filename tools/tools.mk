# SPDX-License-Identifier: MIT
# The tools need no build; this runs their tests.

.PHONY: tool-tests
tool-tests: ## unit tests of tools/ (python)
	@cd tools/tests && PYTHONDONTWRITEBYTECODE=1 python3 -m unittest -q
