# The program file: what it needs to start is part of how fast it starts.

load helpers

@test "nothing but libc and libm is needed" {
  not_sanitized
  needed=$(LC_ALL=C readelf -d "$DISTAFF" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort | tr '\n' ' ')
  case $needed in
    'libc.so.6 ' | 'libc.so.6 libm.so.6 ') ;;
    *) fail "needs $needed" ;;
  esac
}

@test "it is not position-independent" {
  LC_ALL=C readelf -h "$DISTAFF" | grep -q 'Type: *EXEC'
}
