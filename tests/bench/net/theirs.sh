# SPDX-License-Identifier: MIT
# In dom0: all figures of the Linux guest. Argument: the disk with the guest.
. ./figures.sh
ip neigh flush all
start_linux "$1" "$VIF" || exit 1
small_figures
stream_figures
http_figures
domain_destroy linux
