# The program file: what it needs to start is part of how fast it starts.

load helpers

@test "nothing but libc and libm is needed" {
  not_sanitized
  LC_ALL=C readelf -d "$DISTAFF" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' > needed
  # The loader itself is there in any case: it is the interpreter, and libstdc++ mentions it.
  loader=$(LC_ALL=C readelf -l "$DISTAFF" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
  grep -qx libc.so.6 needed
  ! grep -vx -e libc.so.6 -e libm.so.6 -e "${loader##*/}" needed || fail "needs $(cat needed)"
}

@test "it is not position-independent" {
  LC_ALL=C readelf -h "$DISTAFF" | grep -q 'Type: *EXEC'
}
