# SPDX-License-Identifier: MIT
# In dom0: all figures of our applications; each is a domain of its own. Arguments: those that there are.
. ./figures.sh
for app in "$@"; do
    ip neigh flush all
    start_ours "$app" || exit 1
    case $app in
    echo) small_figures ;;
    iperf) stream_figures ;;
    httpd) http_figures ;;
    esac
    domain_destroy "$app"
done
