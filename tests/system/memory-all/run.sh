# SPDX-License-Identifier: MIT
# From the smallest domain that xl builds to one whose p2m leaves no room for our metadata (PV), or that reaches over the
# hole below 4 GiB (PVH).
if [ "$TYPE" = pv ]; then
    sizes="4 8 61 515 2300"
else
    sizes="1 2 8 61 515 4400"
fi
for size in $sizes; do
    guest_start "$TEST" "memory=$size" "maxmem=$size"
    expect_result "$TEST"
    echo "$size MiB: $(console_expect "$TEST" 'pages' 5 | tr -d '\r')"
    domain_destroy "$TEST"
done
# More promised than there is: what is there must do.
guest_start "$TEST" memory=16 maxmem=48
expect_result "$TEST"
pass
