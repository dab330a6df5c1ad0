# What a job is given of its record, where the record is long: there is one way of counting, and what
# the system does not take is one failed job.

load helpers

long_text() {
  head -c 140000 /dev/zero | tr '\0' z
}

@test "a group key that no variable holds is one failed job" {
  printf 'a,b\n1,%s\n2,x\n3,%s\n' "$(long_text)" "$(long_text)" > t.csv
  try distaff -k --csv -g b echo {a} < t.csv
  exits 1
  prints 2
  says "2 of 3 jobs failed" "the key has 140000 bytes; the job gets it as DISTAFF_GROUP"
  try distaff --dry-run --csv -g b echo {a} < t.csv
  prints "echo 2"
  says "the key has 140000 bytes"
  try distaff -k --csv -n 2 -g b echo {a} < t.csv
  prints 2
  printf '{"a":"\\u0000","b":2}\n{"a":"x","b":3}\n' | try distaff -k --jsonl -g a echo {b}
  exits 1
  prints 3
  says "1 of 2 jobs failed" "the key holds a NUL byte, which DISTAFF_GROUP cannot pass"
}

@test "a variable or a directory that the system does not take is one failed job" {
  printf 'a,b\n1,%s\n2,x\n' "$(long_text)" > t.csv
  mkdir x
  try distaff -k --csv --env 'B={b}' 'echo {a} ${#B}' < t.csv
  exits 1
  prints "2 1"
  says "--env B"
  try distaff -k --csv --workdir '{b}' echo {a} < t.csv
  exits 1
  prints 2
  says "--workdir"
  printf 'a,b\n1,%s\n2,x\n' "$(long_text | head -c 9000)" | try distaff -k --csv --workdir '{b}' echo {a}
  exits 1
  prints 2
  says "File name too long"
  printf '{"a":"x\\u0000","b":2}\n{"a":"x","b":3}\n' | try distaff -k --jsonl --workdir '{a}' echo {b}
  exits 1
  prints 3
  says "--workdir"
}

@test "more than the system takes in all is one failed job" {
  local i env=()
  # Each is good alone, and all 20 are more than any command line and environment may be together.
  for ((i = 0; i < 20; i++)); do env+=(--env "V$i={b}"); done
  printf 'a,b\n1,%s\n2,x\n' "$(long_text | head -c 130000)" > t.csv
  try distaff -k --csv "${env[@]}" 'echo {a} $V19' < t.csv
  exits 1
  prints "2 x"
  says "1 of 2 jobs failed"
}

@test "of a long record counts what is used" {
  printf 'a %s\nb x\n' "$(long_text)" > list
  printf '#!/bin/sh\necho "$1"\n' > prog
  chmod +x prog
  tr ' ' '\t' < list > list.tsv
  tr '\n' '\0' < list > list0
  try distaff -k --split ' ' 'echo {1}' < list
  exits 0
  prints a b
  try distaff -k --split ' ' ./prog '{1}' < list
  prints a b
  try distaff -k -0 --split ' ' 'echo {1}; :' < list0
  prints a b
  try distaff -k --tsv --no-header 'echo {1}' < list.tsv
  prints a b
  try distaff -k 'echo {@^\w}' < list
  prints a b
  try distaff -k --split ' ' --stdin record 'wc -c; : {1}' < list
  prints 140003 4
  try distaff -k --split ' ' 'echo {#}; : {1}' < list
  prints 1 2
  try distaff -k -n 2 --split ' ' 'echo {1} {3}' < list
  prints "a b"
}

@test "of a long record whose long part is used, the job fails" {
  printf 'a %s\nb x\n' "$(long_text)" > list
  try distaff -k --split ' ' 'echo {2}' < list
  exits 1
  prints x
  says "140000 bytes"
  try distaff -k --max-bytes 1k 'echo {@ .*}' < list
  exits 1
  prints " x"
}

@test "numbers count through the rows of a batch, with a header too" {
  printf 'a,b\n1,2\n3,4\n5,6\n' > t.csv
  try distaff -k --csv -n 2 'echo {1} {3}' < t.csv
  exits 1
  prints "1 3"
  says "no field 3 in this record"
  try distaff -k --csv --no-header -n 2 'echo {1} {3}' < t.csv
  prints "a 1" "3 5"
  printf 'a,b\n1\n3,4\n' | try distaff -k --csv -n 2 echo {3}
  prints 3
  printf '1:2\n3:4\n' | try distaff -k --match '(?P<x>.*):(?P<y>.*)' -n 2 --tag-template {4} echo {3}
  prints $'4\t3'
  refuses '{5}: no such field' -- --csv -n 2 -a t.csv echo {5}
  try distaff --csv -n max 'echo {5}' < t.csv
  prints 5
  refuses 'a job has 4 fields' -- -n 2 echo {5} ::: 1 2 ::: 3 4
}
