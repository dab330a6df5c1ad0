# The map of the source: which directory may include which.

load helpers

@test "each directory includes only what the map allows, heavy headers stay in two files" {
  try "$BATS_TEST_DIRNAME/../includes_check"
  exits 0
  prints
}
