# SPDX-License-Identifier: MIT
"""The rig: the real Xen and a Debian dom0 under QEMU, and what runs images and tests in it."""
