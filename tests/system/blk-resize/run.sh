# SPDX-License-Identifier: MIT
# Linux's backend looks at the size at each request, and tells then.
disk=$RIG/disk.img
truncate -s 4M "$disk"
guest_start "$TEST" "disk=[\"format=raw,vdev=xvda,access=rw,target=$disk\"]"
expect_console "$TEST" '^ready'
loop=$(xenstore-read "/local/domain/0/backend/vbd/$(domain_id "$TEST")/51712/node")
expect_answer "$TEST" 'write xvda 0x400000 4096 1' '= write -22 *'
truncate -s 12M "$disk"
losetup -c "$loop" || error "the loop device cannot grow"
expect_answer "$TEST" 'read xvda 0 4096' '= read 0 *'
expect_console "$TEST" '^! resized xvda online 12582912'
expect_answer "$TEST" 'write xvda 0x400000 0x800000 1' '= write 0 *'
[ "${ANSWER% same}" = "= write 0 $(tail -c +4194305 "$disk" | crc32)" ] || fail "the new part is not what was written"
truncate -s 2M "$disk"
losetup -c "$loop"
expect_answer "$TEST" 'read xvda 0 4096' '= read 0 *'
expect_console "$TEST" '^! resized xvda online 2097152'
expect_answer "$TEST" 'read xvda 0x200000 4096' '= read -22 *'
console_type "$TEST" 'quit\n'
expect_result "$TEST"
pass
