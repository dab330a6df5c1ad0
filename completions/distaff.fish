# Made from distaff's option table; changes here are lost.

# The words from where the command begins; none while options go on.
function __distaff_command
    set -l words (commandline -opc)
    set -e words[1]
    test "$words[1]" = run; and set -e words[1]
    while set -q words[1]
        set -l word $words[1]
        if test "$word" = --
            set -e words[1]
            echo --
            break
        else if contains -- $word --input --delimiter --split --match --no-match --total --max-records --max-bytes --shell --stdin --workdir --env --nice --jobs --delay --key --parallelism --throttle --rate --rules --buffer-size --output --tag-template --results --hold-memory --spill-dir --spill-limit --ok --on-error --halt --term-seq --progress --progress-interval --log-level --log-format --log-file --config; or string match -qr -- '^-[^-]*[adnIjPg]$' $word
            set -e words[1]
        else if not string match -q -- '-?*' $word
            break
        end
        set -e words[1]
    end
    set -q words[1]; and printf '%s\n' $words
    return 0
end

function __distaff_options
    test -z "$(__distaff_command)"
end

function __distaff_complete_command
    set -l words (__distaff_command)
    test "$words[1]" = --; and set -e words[1]
    set -l line (string escape -- $words) (commandline -ct)
    complete -C (string join ' ' -- $line)
end

complete -c distaff -f
complete -c distaff -n 'not __distaff_options' -a '(__distaff_complete_command)'
complete -c distaff -n __distaff_options -a '(__fish_complete_command)'
complete -c distaff -n __fish_use_subcommand -a run -d 'run commands'
complete -c distaff -n __distaff_options -s a -l input -r -F -d 'read records from FILE; again for more'
complete -c distaff -n __distaff_options -s 0 -l null -d 'records end with a NUL byte, as by find -print0'
complete -c distaff -n __distaff_options -s d -l delimiter -x -d 'records end with STR'
complete -c distaff -n __distaff_options -l csv -d 'records are CSV rows; the header names the fields'
complete -c distaff -n __distaff_options -l tsv -d 'the same with tabs between the fields'
complete -c distaff -n __distaff_options -l no-header -d 'the first row of --csv or --tsv is a record too'
complete -c distaff -n __distaff_options -l jsonl -d 'records are JSON objects; members are fields'
complete -c distaff -n __distaff_options -l split -x -d 'split records at REGEX into fields {1} {2} and on'
complete -c distaff -n __distaff_options -l match -x -d 'named captures of REGEX are fields, (?P<name>...)'
complete -c distaff -n __distaff_options -l no-match -x -a 'fail skip keep' -d 'what a record is that --match does not match'
complete -c distaff -n __distaff_options -l keep-empty -d 'an empty line is a record too'
complete -c distaff -n __distaff_options -l total -x -d 'expect N records, for the time left in --progress'
complete -c distaff -n __distaff_options -l fields -d 'print the names of the fields and run nothing'
complete -c distaff -n __distaff_options -s r -l no-run-if-empty -d 'accepted; without records nothing runs anyway'
complete -c distaff -n __distaff_options -s n -l max-records -x -d 'pass N records to each job, 0 as many as fit'
complete -c distaff -n __distaff_options -l max-bytes -x -d 'at most SIZE bytes of arguments for a job'
complete -c distaff -n __distaff_options -s I -x -d 'STR stands for the record; nothing is appended'
complete -c distaff -n __distaff_options -l shell -x -d 'run scripts by it, as by \'bash -o pipefail\''
complete -c distaff -n __distaff_options -l stdin -x -a 'null record tty' -d 'what jobs read: nothing, the record, the terminal'
complete -c distaff -n __distaff_options -l workdir -x -a '(__fish_complete_directories)' -d 'run each job in DIR, a template such as {//}'
complete -c distaff -n __distaff_options -l env -x -d 'set a variable for each job; VALUE is a template'
complete -c distaff -n __distaff_options -l nice -x -d 'run jobs at this niceness, -20 to 19'
complete -c distaff -n __distaff_options -l dry-run -d 'print the commands for a shell, and run nothing'
complete -c distaff -n __distaff_options -s t -l trace -d 'print each command on stderr as it starts'
complete -c distaff -n __distaff_options -s j -s P -l jobs -x -d 'jobs at once; N%, +N, -N of the CPUs; 0 all that fit'
complete -c distaff -n __distaff_options -l delay -x -d 'wait at least D between any two starts'
complete -c distaff -n __distaff_options -s g -l key -x -d 'jobs with one key are a group with limits'
complete -c distaff -n __distaff_options -l parallelism -x -d 'jobs of a group at once'
complete -c distaff -n __distaff_options -l throttle -x -d 'rest from a job\'s end to the group\'s next start'
complete -c distaff -n __distaff_options -l rate -x -d 'at most N starts of a group in each D, as 10/s'
complete -c distaff -n __distaff_options -l rules -r -F -d 'limits for single groups, from FILE'
complete -c distaff -n __distaff_options -l buffer-size -x -d 'read at most N records ahead'
complete -c distaff -n __distaff_options -l output -x -a 'group line raw json csv none' -d 'unbroken by job, by line, as it comes, rows, or none'
complete -c distaff -n __distaff_options -s k -l keep-order -d 'output in the order of input'
complete -c distaff -n __distaff_options -s u -l ungroup -d 'jobs write to our stdout and stderr themselves'
complete -c distaff -n __distaff_options -l tag -d 'begin each line of output with the record and a tab'
complete -c distaff -n __distaff_options -l tag-template -x -d 'begin each line of output with T and a tab'
complete -c distaff -n __distaff_options -l results -x -a '(__fish_complete_directories)' -d 'also write DIR/stdout, DIR/stderr, DIR/job.json'
complete -c distaff -n __distaff_options -l hold-memory -x -d 'hold back at most SIZE of output in memory'
complete -c distaff -n __distaff_options -l spill-dir -x -a '(__fish_complete_directories)' -d 'hold back more output in files in DIR'
complete -c distaff -n __distaff_options -l spill-limit -x -d 'and at most SIZE of it; 0 for no such files'
complete -c distaff -n __distaff_options -l ok -x -d 'exit statuses that are success, as 0,1,3-5'
complete -c distaff -n __distaff_options -l on-error -x -a 'continue stop kill ignore' -d 'what the first failure does to the run'
complete -c distaff -n __distaff_options -l halt -x -d 'stop after so many: soon,fail=3 or now,done=50%'
complete -c distaff -n __distaff_options -l term-seq -x -d 'how jobs are ended: signals and waits'
complete -c distaff -n __distaff_options -l progress -x -a 'auto bar line none' -d 'show how far it is: auto is a bar on a terminal'
complete -c distaff -n __distaff_options -l progress-interval -x -d 'how often --progress line prints'
complete -c distaff -n __distaff_options -l log-level -x -a 'debug info warn error' -d 'what is worth a message; single failures are info'
complete -c distaff -n __distaff_options -l log-format -x -a 'text json' -d 'messages and progress lines as JSON objects'
complete -c distaff -n __distaff_options -l log-file -r -F -d 'append messages to FILE and not to stderr'
complete -c distaff -n __distaff_options -l quiet -d 'the same as --log-level error'
complete -c distaff -n __distaff_options -l config -r -F -d 'options from FILE, a JSON object of names and values'
complete -c distaff -n __distaff_options -s h -l help -d 'the most common things on one screen'
complete -c distaff -n __distaff_options -l help-all -d 'every option with its default'
complete -c distaff -n __distaff_options -s V -l version -d 'print the version'
