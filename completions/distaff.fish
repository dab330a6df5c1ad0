# Completion of distaff's command line in fish.
#
# The words before the cursor are walked as the program walks them: options end at the first word
# that is none, a value is the rest of the word or the next one.  What stands behind the options is
# the command's, and its own completion is asked.
#
# The walk leaves what it finds in global variables, for the conditions of all options:
#   __distaff_line     the line it is about
#   __distaff_language run, or of `distaff fetch` fetch: whose options these are
#   __distaff_state    option, value (of $__distaff_option), command or, of fetch, operand
#   __distaff_value    what is typed of the value, as typed
#   __distaff_words    the command's words before the cursor
#   __distaff_typed    the options so far; form, header, files: those that say which table is read

# Notes the option $argv[1] with its value $argv[2], if it says what is read.
function __distaff_note
    set -ga __distaff_typed $argv[1]
    switch $argv[1]
        case --csv --tsv --jsonl --match
            set -g __distaff_form $argv[1]
        case --no-header
            set -g __distaff_header $argv[1]
        case -a --input
            set -ga __distaff_files $argv[2]
    end
end

# Notes the letters of the word $argv[1].  Prints the one that takes a value, and what stands
# behind it in the word.
function __distaff_letters
    set -l with_value __distaff_letters_with_value_$__distaff_language
    set -l letters (string split '' -- (string sub -s 2 -- $argv[1]))
    while set -q letters[1]
        if string match -q "*$letters[1]*" -- $$with_value
            printf '%s\n' -$letters[1]
            set -e letters[1]
            string join '' -- $letters
            return
        end
        test "$argv[2]" = current; or __distaff_note -$letters[1]
        set -e letters[1]
    end
end

function __distaff_walk
    set -l line (commandline -cp | string collect)
    test "$line" = "$__distaff_line"; and return
    set -g __distaff_line $line
    set -g __distaff_state option
    set -g __distaff_option
    set -g __distaff_value
    set -g __distaff_words
    set -g __distaff_typed
    set -g __distaff_form
    set -g __distaff_header
    set -g __distaff_files
    set -l words (commandline -opc)
    set -g __distaff_program $words[1]
    set -e words[1]
    set -g __distaff_language run
    if contains -- "$words[1]" run fetch
        set __distaff_language $words[1]
        set -e words[1]
    end
    set -l with_value __distaff_names_with_value_$__distaff_language
    set -l operands command
    test $__distaff_language = fetch; and set operands operand
    while set -q words[1]
        set -l word $words[1]
        set -l option
        set -e words[1]
        switch $word
            case --
                set __distaff_state $operands
                set __distaff_words $words
                return
            case '--*=*'
                __distaff_note (string split -m 1 = -- $word)
            case '--*'
                if contains -- $word $$with_value
                    set option $word
                else
                    __distaff_note $word
                end
            case '-?*'
                set option (__distaff_letters $word)
                if test -n "$option[2]"
                    __distaff_note $option
                    set option
                end
            case '*'
                if test $operands = operand; and not string match -q '::*' -- $word
                    continue
                end
                set __distaff_state $operands
                set __distaff_words $word $words
                return
        end
        if set -q option[1]
            if not set -q words[1]
                set __distaff_state value
                set __distaff_option $option[1]
                set __distaff_value (commandline -ct)
                return
            end
            __distaff_note $option[1] $words[1]
            set -e words[1]
        end
    end
    set -l word (commandline -ct)
    switch $word
        case '--*=*'
            set __distaff_state value
            set __distaff_option (string replace -r '=.*' '' -- $word)
            set __distaff_value (string replace -r '^[^=]*=' '' -- $word)
        case '--*'
        case '-*'
            set -l option (__distaff_letters $word current)
            if test -n "$option[2]"
                set __distaff_state value
                set __distaff_option $option[1]
                set __distaff_value $option[2]
            end
        case '*'
            set __distaff_state $operands
    end
end

# Whether the option of the language $argv[1], in its spellings before the --, is to be offered or
# its value is: not after those that stand behind the --.
function __distaff_offers
    __distaff_walk
    test $argv[1] = $__distaff_language; or return
    set -e argv[1]
    set -l dashes (contains -i -- -- $argv)
    switch $__distaff_state
        case value
            contains -- $__distaff_option $argv[1..$dashes]
        case option
            for other in $argv[$dashes..]
                contains -- $other $__distaff_typed; and return 1
            end
            return 0
        case '*'
            return 1
    end
end

# The names of the table's columns, by the program itself.
function __distaff_names
    contains -- "$__distaff_form" --csv --tsv --jsonl; or return
    set -l files
    for file in $__distaff_files
        # fish expands a ~ at the start of a word; here it is still there.
        set file (string replace -r '^~/' ~/ -- $file)
        test -f $file -a -r $file; and set -a files --input=$file
    end
    set -q files[1]; or return
    set -l program (string replace -r '^~/' ~/ -- $__distaff_program)
    command $program run $__distaff_form $__distaff_header $files --fields 2>/dev/null </dev/null
end

# Replacements, each behind what stands before the open brace of the word $argv[1].
function __distaff_replacements
    # Behind a bare brace fish would put an escaped one, which is an error.  In quotes or with a
    # backslash it is right.
    string match -q -r '^[^\'"]*(?<!\\\\)\{[^\'"}]*$' -- (commandline -ct); and return
    set -l head ''
    if string match -q '*{*' -- $argv[1]
        set head (string replace -r '\\\\?\{[^{]*$' '' -- $argv[1])
        # Offers are unquoted words; of an open quote only the quote has to go.
        if string match -q -r '[\'"]' -- $head
            set head (string replace -r '[\'"]' '' -- $head)
        else
            set head "$(string unescape -- $head)"
        end
    end
    for name in (__distaff_names)
        printf '%s{%s}\tcolumn\n' $head $name
    end
    test -z "$__distaff_form"; and printf '%s{1}\tfirst field\n' $head
    set -l others '{}'\trecord '{/}'\tbasename '{//}'\tdirname '{.}'\t'without extension' \
        '{/.}'\t'basename without extension' '{#}'\t'job number' '{%}'\tslot
    printf '%s\n' $head$others
end

# Forms of --key; where there are columns, the bare words are refused.
function __distaff_keys
    set -l forms __distaff_key_forms_$__distaff_language
    if string match -q '*{*' -- $__distaff_value
        __distaff_replacements $__distaff_value
    else if test -z "$__distaff_form" -o -n "$__distaff_header"
        printf '%s\n' $$forms
    else if test $__distaff_language = fetch
        printf '%s\n' (__distaff_names)\tcolumn
        string match -v '{1}' -- $$forms
    else
        set -l names (__distaff_names)\tcolumn
        printf '%s\n' $names host:$names domain:$names
        string match -v -e -r '^(host|domain|\{1\})$' -- $$forms
    end
end

# fish completes files as the next word and behind `=`, but not behind a letter, as in `-afile`.
function __distaff_glued_files
    set -l word (commandline -ct)
    test "$word" != "$__distaff_value"; and not string match -q -- '--*' $word
    and __fish_complete_path $__distaff_value
end

# Values that are no fixed list.
function __distaff_values
    __distaff_walk
    set -l value "$__distaff_value"
    switch $argv[1]
        case --key
            __distaff_keys
        case --tag-template --url-template --header --data --name
            __distaff_replacements $value
        case --env
            if string match -q '*=*' -- $value
                string match -q '*{*' -- $value; or set value "$value{"
                __distaff_replacements $value
            else
                printf '%s=\n' (set -xn)
            end
        case --workdir --results
            string match -q '*{*' -- $value; and __distaff_replacements $value
            __fish_complete_directories $__distaff_value
        case --spill-dir --output-dir
            __fish_complete_directories $__distaff_value
    end
end

function __distaff_in_command
    __distaff_walk
    test $__distaff_state = command
end

function __distaff_in_list
    __distaff_in_command; and string match -q -r '^:::(:?)\+?$' -- $__distaff_words
end

function __distaff_in_operand
    __distaff_walk
    test $__distaff_state = operand
end

function __distaff_in_file_list
    __distaff_in_operand; and string match -q -r '^::::\+?$' -- $__distaff_words
end

# Of `distaff fetch`: the column of a table, or lists.  URLs are known to nobody.
function __distaff_operand
    if string match -q ':*' -- (commandline -ct)
        printf '%s\n' ::: ::::
    else
        __distaff_names
    end
end

# The command, and behind it what its own completion has.
function __distaff_command
    set -l word (commandline -ct)
    if string match -q -r '^[\'"\\\\]?\{' -- $word
        __distaff_replacements $word
        return
    else if string match -q ':*' -- $word
        printf '%s\n' ::: ::::
        return
    end
    if set -q __distaff_words[1]
        complete -C (string join ' ' -- (string escape -- $__distaff_words) $word)
    else
        __fish_complete_command
    end
end

function __distaff_is_first
    __distaff_in_command; and test (count (commandline -opc)) = 1
end

complete -c distaff -f
complete -c distaff -n '__distaff_in_command; and not __distaff_in_list' -a '(__distaff_command)'
complete -c distaff -n __distaff_in_list -F -a '(string match -r "^:" -- (commandline -ct) >/dev/null; and printf "%s\n" ::: :::+ :::: ::::+)'
complete -c distaff -n __distaff_is_first -a run -d 'run commands'
complete -c distaff -n __distaff_is_first -a fetch -d 'fetch URLs'
complete -c distaff -n '__distaff_in_operand; and not __distaff_in_file_list' -a '(__distaff_operand)'
complete -c distaff -n __distaff_in_file_list -F

# From here to the end mark: made from the option table; changes here are lost.
set -g __distaff_names_with_value_run --input --delimiter --separator --split --match --no-match --total --max-record --max-records --max-bytes --shell --stdin --workdir --env --nice --jobs --delay --key --parallelism --throttle --rate --rules --mutex --buffer-size --output --tag-template --results --hold-memory --spill-dir --spill-limit --ok --retries --retry-delay --retry-on --timeout --idle-timeout --deadline --on-error --halt --term-seq --journal --id --failed-to --joblog --lock --lock-wait --stamp --metrics --progress --progress-interval --log-level --log-format --log-file --config
set -g __distaff_letters_with_value_run adnIjPg
set -g __distaff_key_forms_run 'host' 'domain' 'host:' 'domain:' 'regex:' '{//}' '{1}'
complete -c distaff -n '__distaff_offers run -a --input -- ' -s a -l input -d 'read records from FILE; again for more' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers run -0 --null -- -0 --null -d --delimiter --csv --tsv --jsonl --keep-empty' -s 0 -l null -d 'records end with a NUL byte, as by find -print0'
complete -c distaff -n '__distaff_offers run -d --delimiter -- -d --delimiter -0 --null --csv --tsv --jsonl --keep-empty' -s d -l delimiter -d 'records end with STR' -x -k \
    -a '\'\\\\n\' \'\\\\0\' \'\\\\r\\\\n\' \',\' \';\''
complete -c distaff -n '__distaff_offers run --csv -- --csv -0 --null -d --delimiter --tsv --jsonl --split --match --keep-empty' -l csv -d 'records are CSV rows; the header names the fields'
complete -c distaff -n '__distaff_offers run --tsv -- --tsv -0 --null -d --delimiter --csv --jsonl --split --match --keep-empty' -l tsv -d 'the same with tabs between the fields, and no quotes'
complete -c distaff -n '__distaff_offers run --separator -- --separator' -l separator -d 'the character between the fields of --csv' -x -k \
    -a '\';\' \'\\\\t\' \':\''
complete -c distaff -n '__distaff_offers run --no-header -- --no-header' -l no-header -d 'the first row of --csv or --tsv is a record too'
complete -c distaff -n '__distaff_offers run --jsonl -- --jsonl -0 --null -d --delimiter --csv --tsv --split --match --keep-empty' -l jsonl -d 'records are JSON objects; members are fields'
complete -c distaff -n '__distaff_offers run --split -- --split --csv --tsv --jsonl --match' -l split -d 'split records at REGEX into fields {1} {2} and on' -x -k \
    -a '\',\' \';\' \'\\\\t\' \'\\\\s+\''
complete -c distaff -n '__distaff_offers run --match -- --match --csv --tsv --jsonl --split' -l match -d 'named captures of REGEX are fields, (?P<name>...)' -x -k \
    -a '(__distaff_values --match)'
complete -c distaff -n '__distaff_offers run --no-match -- --no-match' -l no-match -d 'what a record is that --match does not match' -x -k \
    -a '\'fail\' \'skip\' \'keep\''
complete -c distaff -n '__distaff_offers run --keep-empty -- --keep-empty -0 --null -d --delimiter --csv --tsv --jsonl' -l keep-empty -d 'an empty line is a record too'
complete -c distaff -n '__distaff_offers run --total -- --total' -l total -d 'expect N records, for the time left in --progress' -x -k \
    -a '\'100\' \'1000\' \'10000\''
complete -c distaff -n '__distaff_offers run --max-record -- --max-record' -l max-record -d 'a record longer than SIZE is a failed job' -x -k \
    -a '\'64k\' \'1M\' \'64M\' \'1G\''
complete -c distaff -n '__distaff_offers run --fields -- --fields' -l fields -d 'print the names of the fields and run nothing'
complete -c distaff -n '__distaff_offers run -r --no-run-if-empty -- -r --no-run-if-empty' -s r -l no-run-if-empty -d 'accepted; without records nothing runs anyway'
complete -c distaff -n '__distaff_offers run -n --max-records -- -n --max-records' -s n -l max-records -d 'pass N records to each job; max: as many as fit; even' -x -k \
    -a '\'max\' \'even\' \'2\' \'10\' \'100\' \'1000\''
complete -c distaff -n '__distaff_offers run --max-bytes -- --max-bytes' -l max-bytes -d 'at most SIZE bytes of arguments for a job' -x -k \
    -a '\'4k\' \'64k\' \'128k\' \'1M\''
complete -c distaff -n '__distaff_offers run -I -- -I' -s I -d 'STR stands for the record; nothing is appended' -x -k \
    -a '\'%\' \'@@\' \'%{}\''
complete -c distaff -n '__distaff_offers run --shell -- --shell' -l shell -d 'run scripts by it, as by \'bash -o pipefail\'' -x -k \
    -a '\'bash\' \'bash -o pipefail\' \'sh\' \'zsh\''
complete -c distaff -n '__distaff_offers run --stdin -- --stdin' -l stdin -d 'what jobs read: nothing, the record, the terminal' -x -k \
    -a '\'null\' \'record\' \'tty\''
complete -c distaff -n '__distaff_offers run --workdir -- --workdir' -l workdir -d 'run each job in DIR, a template such as {//}' -x -k \
    -a '(__distaff_values --workdir)'
complete -c distaff -n '__distaff_offers run --env -- ' -l env -d 'set a variable for each job; VALUE is a template' -x -k \
    -a '(__distaff_values --env)'
complete -c distaff -n '__distaff_offers run --nice -- --nice' -l nice -d 'run jobs at this niceness, -20 to 19' -x -k \
    -a '\'5\' \'10\' \'19\''
complete -c distaff -n '__distaff_offers run --dry-run -- --dry-run' -l dry-run -d 'print the commands for a shell, and run nothing'
complete -c distaff -n '__distaff_offers run -t --trace -- -t --trace' -s t -l trace -d 'print each command on stderr as it starts'
complete -c distaff -n '__distaff_offers run -j -P --jobs -- -j -P --jobs' -s j -s P -l jobs -d 'jobs at once; N%, +N, -N of the CPUs; 0 all that fit' -x -k \
    -a '\'1\' \'2\' \'4\' \'8\' \'16\' \'50%\' \'100%\' \'200%\' \'+1\' \'0\''
complete -c distaff -n '__distaff_offers run --delay -- --delay' -l delay -d 'wait at least D between any two starts' -x -k \
    -a '\'100ms\' \'500ms\' \'1s\' \'10s\' \'1m\''
complete -c distaff -n '__distaff_offers run -g --key -- -g --key' -s g -l key -d 'jobs with one key are a group with limits' -x -k \
    -a '(__distaff_values --key)'
complete -c distaff -n '__distaff_offers run --parallelism -- --parallelism' -l parallelism -d 'jobs of a group at once' -x -k \
    -a '\'1\' \'2\' \'4\' \'8\''
complete -c distaff -n '__distaff_offers run --throttle -- --throttle' -l throttle -d 'rest from a job\'s end to the group\'s next start' -x -k \
    -a '\'500ms\' \'1s\' \'10s\' \'1m\' \'1h\' \'2s..5s\''
complete -c distaff -n '__distaff_offers run --rate -- --rate' -l rate -d 'at most N starts of a group in each D, as 10/s' -x -k \
    -a '\'1/s\' \'10/s\' \'100/1m\' \'10/s:5\''
complete -c distaff -n '__distaff_offers run --rules -- --rules' -l rules -d 'limits for single groups, from FILE' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers run --mutex -- --mutex' -l mutex -d 'jobs whose T is equal never overlap' -x -k \
    -a '\'{}\' \'{1}\' \'{//}\' \'{/}\''
complete -c distaff -n '__distaff_offers run --buffer-size -- --buffer-size' -l buffer-size -d 'read at most N records ahead' -x -k \
    -a '\'1024\' \'16384\' \'131072\''
complete -c distaff -n '__distaff_offers run --output -- --output -u --ungroup' -l output -d 'unbroken by job, by line, as it comes, rows, or none' -x -k \
    -a '\'group\' \'line\' \'raw\' \'json\' \'csv\' \'none\''
complete -c distaff -n '__distaff_offers run -k --keep-order -- -k --keep-order -u --ungroup' -s k -l keep-order -d 'output in the order of input'
complete -c distaff -n '__distaff_offers run -u --ungroup -- -u --ungroup --output -k --keep-order --tag --tag-template --results --idle-timeout --quiet-unless-failed' -s u -l ungroup -d 'jobs write to our stdout and stderr themselves'
complete -c distaff -n '__distaff_offers run --tag -- --tag -u --ungroup' -l tag -d 'begin each line of output with the record and a tab'
complete -c distaff -n '__distaff_offers run --tag-template -- --tag-template -u --ungroup' -l tag-template -d 'begin each line of output with T and a tab' -x -k \
    -a '(__distaff_values --tag-template)'
complete -c distaff -n '__distaff_offers run --results -- --results -u --ungroup' -l results -d 'also write DIR/stdout, DIR/stderr, DIR/job.json' -x -k \
    -a '(__distaff_values --results)'
complete -c distaff -n '__distaff_offers run --hold-memory -- --hold-memory' -l hold-memory -d 'hold back at most SIZE of output in memory' -x -k \
    -a '\'1M\' \'64M\' \'1G\''
complete -c distaff -n '__distaff_offers run --spill-dir -- --spill-dir' -l spill-dir -d 'hold back more output in files in DIR' -x -k \
    -a '(__distaff_values --spill-dir)'
complete -c distaff -n '__distaff_offers run --spill-limit -- --spill-limit' -l spill-limit -d 'and at most SIZE of it; 0 for no such files' -x -k \
    -a '\'0\' \'1G\' \'10G\' \'100G\''
complete -c distaff -n '__distaff_offers run --ok -- --ok' -l ok -d 'exit statuses that are success, as 0,1,3-5' -x -k \
    -a '\'0,1\' \'0-3\''
complete -c distaff -n '__distaff_offers run --retries -- --retries' -l retries -d 'try a job that fails up to N times more' -x -k \
    -a '\'1\' \'2\' \'3\' \'5\' \'10\''
complete -c distaff -n '__distaff_offers run --retry-delay -- --retry-delay' -l retry-delay -d 'how long to wait before a job\'s next try' -x -k \
    -a '\'1s..1m\' \'5s\' \'10s..10m\' \'100ms..5s\''
complete -c distaff -n '__distaff_offers run --retry-on -- --retry-on' -l retry-on -d 'failures worth another try, as 75,signal,timeout' -x -k \
    -a '\'0-255,signal,timeout\' \'75\' \'signal\' \'timeout\' \'start\''
complete -c distaff -n '__distaff_offers run --timeout -- --timeout' -l timeout -d 'end a job that runs longer than D' -x -k \
    -a '\'10s\' \'1m\' \'5m\' \'1h\' \'200%\' \'500%\''
complete -c distaff -n '__distaff_offers run --idle-timeout -- --idle-timeout -u --ungroup' -l idle-timeout -d 'end a job that writes nothing for D' -x -k \
    -a '\'30s\' \'1m\' \'5m\''
complete -c distaff -n '__distaff_offers run --deadline -- --deadline' -l deadline -d 'end the run after D, or at TIME, as 06:30' -x -k \
    -a '\'1h\' \'8h\' \'06:30\' \'23:00\''
complete -c distaff -n '__distaff_offers run --on-error -- --on-error' -l on-error -d 'what the first failure does to the run' -x -k \
    -a '\'continue\' \'stop\' \'kill\' \'ignore\''
complete -c distaff -n '__distaff_offers run --halt -- --halt' -l halt -d 'stop after so many: soon,fail=3 or now,done=50%' -x -k \
    -a '\'soon,fail=1\' \'now,fail=1\' \'soon,fail=10%\' \'now,success=1\' \'now,done=100\''
complete -c distaff -n '__distaff_offers run --term-seq -- --term-seq' -l term-seq -d 'how jobs are ended: signals and waits' -x -k \
    -a '\'TERM,5s,KILL\' \'INT,5s,TERM,5s,KILL\' \'TERM,30s,KILL\''
complete -c distaff -n '__distaff_offers run --leave-orphans -- --leave-orphans' -l leave-orphans -d 'let processes that jobs left in the background outlive the run'
complete -c distaff -n '__distaff_offers run --journal -- --journal' -l journal -d 'append to FILE what becomes of each job' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers run --resume -- --resume' -l resume -d 'run only what the journal does not say is done'
complete -c distaff -n '__distaff_offers run --skip-failed -- --skip-failed' -l skip-failed -d 'with --resume: nor what failed, only what never ran'
complete -c distaff -n '__distaff_offers run --id -- --id' -l id -d 'what a job is known by in the journal, as {id}' -x -k \
    -a '\'{1}\' \'{}\''
complete -c distaff -n '__distaff_offers run --failed-to -- --failed-to' -l failed-to -d 'write the records that were not done to FILE' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers run --joblog -- --joblog' -l joblog -d 'a line a job in FILE, in GNU parallel\'s columns' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers run --lock -- --lock' -l lock -d 'one run of that NAME at a time; status 75 if held' -x -k \
    -a '(__distaff_values --lock)'
complete -c distaff -n '__distaff_offers run --lock-wait -- --lock-wait' -l lock-wait -d 'wait up to D for the lock that another run holds' -x -k \
    -a '\'10s\' \'1m\' \'10m\' \'1h\''
complete -c distaff -n '__distaff_offers run --quiet-unless-failed -- --quiet-unless-failed -u --ungroup' -l quiet-unless-failed -d 'print nothing if all goes well, else everything'
complete -c distaff -n '__distaff_offers run --stamp -- --stamp' -l stamp -d 'set FILE\'s time to now if the exit status is 0' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers run --metrics -- --metrics' -l metrics -d 'write how the run went to FILE, for Prometheus' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers run --progress -- --progress' -l progress -d 'show how far it is: auto is a bar on a terminal' -x -k \
    -a '\'auto\' \'bar\' \'line\' \'none\''
complete -c distaff -n '__distaff_offers run --progress-interval -- --progress-interval' -l progress-interval -d 'how often --progress line prints' -x -k \
    -a '\'1s\' \'10s\' \'30s\' \'1m\' \'5m\''
complete -c distaff -n '__distaff_offers run --log-level -- --log-level --quiet' -l log-level -d 'what is worth a message; single failures are info' -x -k \
    -a '\'debug\' \'info\' \'warn\' \'error\''
complete -c distaff -n '__distaff_offers run --log-format -- --log-format' -l log-format -d 'messages and progress lines as JSON objects' -x -k \
    -a '\'text\' \'json\''
complete -c distaff -n '__distaff_offers run --log-file -- --log-file' -l log-file -d 'append messages to FILE and not to stderr' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers run --quiet -- --quiet --log-level' -l quiet -d 'the same as --log-level error'
complete -c distaff -n '__distaff_offers run --config -- ' -l config -d 'options from FILE, a JSON object of names and values' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers run -h --help -- -h --help' -s h -l help -d 'the most common things on one screen'
complete -c distaff -n '__distaff_offers run --help-all -- --help-all' -l help-all -d 'every option with its default'
complete -c distaff -n '__distaff_offers run -V --version -- -V --version' -s V -l version -d 'print the version'
# End mark.

# From here to the next end mark: the options of distaff fetch, made in the same way.
set -g __distaff_names_with_value_fetch --input --delimiter --separator --split --match --no-match --total --max-record --url-template --request --header --data --cookie --cookie-jar --http --protocols --netrc-file --proxy --cert --cert-key --cacert --resolve --interface --max-redirects --jobs --delay --key --parallelism --throttle --rate --rules --buffer-size --max-retry-after --user-agent --contact --output-dir --name --archive --max-size --cond --output --hold-memory --spill-dir --spill-limit --ok --retries --retry-delay --retry-on --timeout --connect-timeout --stall-timeout --deadline --on-error --halt --journal --id --failed-to --joblog --lock --lock-wait --stamp --metrics --progress --progress-interval --log-level --log-format --log-file --config
set -g __distaff_letters_with_value_fetch adXHjPg
set -g __distaff_key_forms_fetch 'host' 'domain' 'ip' 'host:' 'domain:' 'regex:' '{1}'
complete -c distaff -n '__distaff_offers fetch -a --input -- ' -s a -l input -d 'read records from FILE; again for more' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers fetch -0 --null -- -0 --null -d --delimiter --csv --tsv --jsonl --keep-empty' -s 0 -l null -d 'records end with a NUL byte, as by find -print0'
complete -c distaff -n '__distaff_offers fetch -d --delimiter -- -d --delimiter -0 --null --csv --tsv --jsonl --keep-empty' -s d -l delimiter -d 'records end with STR (curl\'s -d is --data)' -x -k \
    -a '\'\\\\n\' \'\\\\0\' \'\\\\r\\\\n\' \',\' \';\''
complete -c distaff -n '__distaff_offers fetch --csv -- --csv -0 --null -d --delimiter --tsv --jsonl --split --match --keep-empty' -l csv -d 'records are CSV rows; the header names the fields'
complete -c distaff -n '__distaff_offers fetch --tsv -- --tsv -0 --null -d --delimiter --csv --jsonl --split --match --keep-empty' -l tsv -d 'the same with tabs between the fields, and no quotes'
complete -c distaff -n '__distaff_offers fetch --separator -- --separator' -l separator -d 'the character between the fields of --csv' -x -k \
    -a '\';\' \'\\\\t\' \':\''
complete -c distaff -n '__distaff_offers fetch --no-header -- --no-header' -l no-header -d 'the first row of --csv or --tsv is a record too'
complete -c distaff -n '__distaff_offers fetch --jsonl -- --jsonl -0 --null -d --delimiter --csv --tsv --split --match --keep-empty' -l jsonl -d 'records are JSON objects; members are fields'
complete -c distaff -n '__distaff_offers fetch --split -- --split --csv --tsv --jsonl --match' -l split -d 'split records at REGEX into fields {1} {2} and on' -x -k \
    -a '\',\' \';\' \'\\\\t\' \'\\\\s+\''
complete -c distaff -n '__distaff_offers fetch --match -- --match --csv --tsv --jsonl --split' -l match -d 'named captures of REGEX are fields, (?P<name>...)' -x -k \
    -a '(__distaff_values --match)'
complete -c distaff -n '__distaff_offers fetch --no-match -- --no-match' -l no-match -d 'what a record is that --match does not match' -x -k \
    -a '\'fail\' \'skip\' \'keep\''
complete -c distaff -n '__distaff_offers fetch --keep-empty -- --keep-empty -0 --null -d --delimiter --csv --tsv --jsonl' -l keep-empty -d 'an empty line is a record too'
complete -c distaff -n '__distaff_offers fetch --total -- --total' -l total -d 'expect N records, for the time left in --progress' -x -k \
    -a '\'100\' \'1000\' \'10000\''
complete -c distaff -n '__distaff_offers fetch --max-record -- --max-record' -l max-record -d 'a record longer than SIZE is a failed job' -x -k \
    -a '\'64k\' \'1M\' \'64M\' \'1G\''
complete -c distaff -n '__distaff_offers fetch --fields -- --fields' -l fields -d 'print the names of the fields and run nothing'
complete -c distaff -n '__distaff_offers fetch --dry-run -- --dry-run' -l dry-run -d 'print what would be asked for, and send nothing'
complete -c distaff -n '__distaff_offers fetch -t --trace -- -t --trace' -s t -l trace -d 'print each request on stderr as it starts'
complete -c distaff -n '__distaff_offers fetch --url-template -- --url-template' -l url-template -d 'the URL, made of the record, as \'http://h/{id}\'' -x -k \
    -a '(__distaff_values --url-template)'
complete -c distaff -n '__distaff_offers fetch -X --request -- -X --request --data' -s X -l request -d 'ask by METHOD; by default GET, with --data POST' -x -k \
    -a '\'GET\' \'HEAD\' \'POST\' \'PUT\' \'DELETE\''
complete -c distaff -n '__distaff_offers fetch -H --header -- ' -s H -l header -d 'send this header line, as \'Accept: text/html\'' -x -k \
    -a '(__distaff_values --header)'
complete -c distaff -n '__distaff_offers fetch --data -- --data -X --request' -l data -d 'send T, or of @FILE the bytes, as the body' -x -k \
    -a '(__distaff_values --data)'
complete -c distaff -n '__distaff_offers fetch --cookie -- --cookie' -l cookie -d 'send cookies: \'a=b; c=d\', or those of FILE' -x -k \
    -a '(__distaff_values --cookie)'
complete -c distaff -n '__distaff_offers fetch --cookie-jar -- --cookie-jar' -l cookie-jar -d 'write all cookies to FILE when the run ends' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers fetch --http -- --http' -l http -d 'version of HTTP; auto is 2 where TLS agrees on it' -x -k \
    -a '\'auto\' \'1.1\' \'2\''
complete -c distaff -n '__distaff_offers fetch --protocols -- --protocols' -l protocols -d 'schemes that URLs and redirects may have' -x -k \
    -a '\'https\' \'http,https\' \'http,https,ftp\''
complete -c distaff -n '__distaff_offers fetch --netrc -- --netrc' -l netrc -d 'names and passwords of hosts from ~/.netrc'
complete -c distaff -n '__distaff_offers fetch --netrc-file -- --netrc-file' -l netrc-file -d 'names and passwords of hosts from FILE' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers fetch --proxy -- --proxy --public-only' -l proxy -d 'by way of a proxy, as http://proxy:3128' -x -k \
    -a '\'http://127.0.0.1:3128\' \'socks5h://127.0.0.1:1080\''
complete -c distaff -n '__distaff_offers fetch --cert -- --cert' -l cert -d 'show servers the client certificate of FILE (PEM)' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers fetch --cert-key -- --cert-key' -l cert-key -d 'its private key, if it is not in --cert\'s FILE' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers fetch --cacert -- --cacert --insecure' -l cacert -d 'trust the authorities of FILE, not the system\'s' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers fetch --insecure -- --insecure --cacert' -l insecure -d 'do not check certificates: anyone may be the server'
complete -c distaff -n '__distaff_offers fetch --resolve -- ' -l resolve -d 'connect to ADDR for HOST and PORT' -x -k \
    -a '(__distaff_values --resolve)'
complete -c distaff -n '__distaff_offers fetch --interface -- --interface' -l interface -d 'connect from this interface or address' -x -k \
    -a '\'eth0\' \'lo\''
complete -c distaff -n '__distaff_offers fetch --public-only -- --public-only --proxy' -l public-only -d 'refuse private and loopback addresses'
complete -c distaff -n '__distaff_offers fetch --max-redirects -- --max-redirects' -l max-redirects -d 'follow at most N redirects of a URL; 0 none' -x -k \
    -a '\'0\' \'1\' \'5\' \'10\' \'30\''
complete -c distaff -n '__distaff_offers fetch -j -P --jobs -- -j -P --jobs' -s j -s P -l jobs -d 'requests at once, of all groups; 0 all that fit' -x -k \
    -a '\'1\' \'8\' \'32\' \'100\' \'1000\' \'0\''
complete -c distaff -n '__distaff_offers fetch --delay -- --delay' -l delay -d 'wait at least D between any two starts' -x -k \
    -a '\'100ms\' \'500ms\' \'1s\' \'10s\' \'1m\''
complete -c distaff -n '__distaff_offers fetch -g --key -- -g --key' -s g -l key -d 'URLs with one key are a group with limits' -x -k \
    -a '(__distaff_values --key)'
complete -c distaff -n '__distaff_offers fetch --parallelism -- --parallelism' -l parallelism -d 'requests to a group at once' -x -k \
    -a '\'1\' \'2\' \'4\' \'8\''
complete -c distaff -n '__distaff_offers fetch --throttle -- --throttle' -l throttle -d 'rest from a job\'s end to the group\'s next start' -x -k \
    -a '\'500ms\' \'1s\' \'10s\' \'1m\' \'1h\' \'2s..5s\''
complete -c distaff -n '__distaff_offers fetch --rate -- --rate' -l rate -d 'at most N starts of a group in each D, as 10/s' -x -k \
    -a '\'1/s\' \'10/s\' \'100/1m\' \'10/s:5\''
complete -c distaff -n '__distaff_offers fetch --rules -- --rules' -l rules -d 'limits for single groups, from FILE' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers fetch --buffer-size -- --buffer-size' -l buffer-size -d 'read at most N records ahead' -x -k \
    -a '\'1024\' \'16384\' \'131072\''
complete -c distaff -n '__distaff_offers fetch --polite -- --polite' -l polite -d 'one request at a time, 1s rests, robots.txt, adaptive'
complete -c distaff -n '__distaff_offers fetch --robots -- --robots' -l robots -d 'ask for robots.txt of each server, and obey it'
complete -c distaff -n '__distaff_offers fetch --adaptive -- --adaptive' -l adaptive -d 'slow down where a server answers 429 or 503'
complete -c distaff -n '__distaff_offers fetch --max-retry-after -- --max-retry-after' -l max-retry-after -d 'obey Retry-After up to D' -x -k \
    -a '\'0\' \'1m\' \'10m\' \'1h\''
complete -c distaff -n '__distaff_offers fetch --user-agent -- --user-agent' -l user-agent -d 'name yourself TEXT' -x -k \
    -a '(__distaff_values --user-agent)'
complete -c distaff -n '__distaff_offers fetch --contact -- --contact' -l contact -d 'tell servers whom to write to: a URL or mail address' -x -k \
    -a '\'mailto:me@example.org\' \'https://example.org/bot\''
complete -c distaff -n '__distaff_offers fetch --output-dir -- --output-dir --archive --body' -l output-dir -d 'save bodies in DIR, complete or not at all' -x -k \
    -a '(__distaff_values --output-dir)'
complete -c distaff -n '__distaff_offers fetch --name -- --name' -l name -d 'the name of a body\'s file, a template' -x -k \
    -a '\'{/}\' \'{hash}{ext}\' \'{host}/{path}\' \'{#}{ext}\''
complete -c distaff -n '__distaff_offers fetch --archive -- --archive --output-dir --body' -l archive -d 'save bodies compressed in one SQLite archive' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers fetch --body -- --body --output-dir --archive --output' -l body -d 'print bodies on stdout, and no report'
complete -c distaff -n '__distaff_offers fetch --max-size -- --max-size' -l max-size -d 'a body larger than SIZE is a failure' -x -k \
    -a '\'1M\' \'10M\' \'100M\' \'1G\''
complete -c distaff -n '__distaff_offers fetch --no-decode -- --no-decode' -l no-decode -d 'keep bodies as they come, compressed or not'
complete -c distaff -n '__distaff_offers fetch --cond -- --cond' -l cond -d 'fetch only what changed since the report or archive FILE' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers fetch --output -- --output --body' -l output -d 'the report: CSV with a header, JSON lines, or none' -x -k \
    -a '\'csv\' \'json\' \'none\''
complete -c distaff -n '__distaff_offers fetch -k --keep-order -- -k --keep-order' -s k -l keep-order -d 'the report, or --body, in the order of input'
complete -c distaff -n '__distaff_offers fetch --hold-memory -- --hold-memory' -l hold-memory -d 'hold back at most SIZE of output in memory' -x -k \
    -a '\'1M\' \'64M\' \'1G\''
complete -c distaff -n '__distaff_offers fetch --spill-dir -- --spill-dir' -l spill-dir -d 'hold back more output in files in DIR' -x -k \
    -a '(__distaff_values --spill-dir)'
complete -c distaff -n '__distaff_offers fetch --spill-limit -- --spill-limit' -l spill-limit -d 'and at most SIZE of it; 0 for no such files' -x -k \
    -a '\'0\' \'1G\' \'10G\' \'100G\''
complete -c distaff -n '__distaff_offers fetch --stats -- --stats' -l stats -d 'at the end, a table of hosts on stderr'
complete -c distaff -n '__distaff_offers fetch --ok -- --ok' -l ok -d 'HTTP statuses that are success, as 200-299,404' -x -k \
    -a '\'2xx\' \'2xx,404\' \'200-399\''
complete -c distaff -n '__distaff_offers fetch --retries -- --retries' -l retries -d 'try a request that fails up to N times more' -x -k \
    -a '\'1\' \'2\' \'3\' \'5\' \'10\''
complete -c distaff -n '__distaff_offers fetch --retry-delay -- --retry-delay' -l retry-delay -d 'how long to wait before a job\'s next try' -x -k \
    -a '\'1s..1m\' \'5s\' \'10s..10m\' \'100ms..5s\''
complete -c distaff -n '__distaff_offers fetch --retry-on -- --retry-on' -l retry-on -d 'failures worth another try, as connect,5xx' -x -k \
    -a '\'connect,timeout,408,425,429,5xx\' \'connect\' \'timeout\' \'429\' \'5xx\''
complete -c distaff -n '__distaff_offers fetch --retry-unsafe -- --retry-unsafe' -l retry-unsafe -d 'send POST and its kind again too'
complete -c distaff -n '__distaff_offers fetch --timeout -- --timeout' -l timeout -d 'end a request that takes longer than D' -x -k \
    -a '\'10s\' \'1m\' \'5m\' \'1h\' \'200%\' \'500%\''
complete -c distaff -n '__distaff_offers fetch --connect-timeout -- --connect-timeout' -l connect-timeout -d 'a server must be reached within D' -x -k \
    -a '\'5s\' \'30s\' \'1m\''
complete -c distaff -n '__distaff_offers fetch --stall-timeout -- --stall-timeout' -l stall-timeout -d 'end a request when nothing came for D' -x -k \
    -a '\'0\' \'10s\' \'1m\' \'5m\''
complete -c distaff -n '__distaff_offers fetch --deadline -- --deadline' -l deadline -d 'end the run after D, or at TIME, as 06:30' -x -k \
    -a '\'1h\' \'8h\' \'06:30\' \'23:00\''
complete -c distaff -n '__distaff_offers fetch --on-error -- --on-error' -l on-error -d 'what the first failure does to the run' -x -k \
    -a '\'continue\' \'stop\' \'kill\' \'ignore\''
complete -c distaff -n '__distaff_offers fetch --halt -- --halt' -l halt -d 'stop after so many: soon,fail=3 or now,done=50%' -x -k \
    -a '\'soon,fail=1\' \'now,fail=1\' \'soon,fail=10%\' \'now,success=1\' \'now,done=100\''
complete -c distaff -n '__distaff_offers fetch --journal -- --journal' -l journal -d 'append to FILE what becomes of each job' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers fetch --resume -- --resume' -l resume -d 'run only what the journal does not say is done'
complete -c distaff -n '__distaff_offers fetch --skip-failed -- --skip-failed' -l skip-failed -d 'with --resume: nor what failed, only what never ran'
complete -c distaff -n '__distaff_offers fetch --id -- --id' -l id -d 'what a job is known by in the journal, as {id}' -x -k \
    -a '\'{1}\' \'{}\''
complete -c distaff -n '__distaff_offers fetch --failed-to -- --failed-to' -l failed-to -d 'write the records that were not done to FILE' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers fetch --joblog -- --joblog' -l joblog -d 'a line a job in FILE, in GNU parallel\'s columns' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers fetch --lock -- --lock' -l lock -d 'one run of that NAME at a time; status 75 if held' -x -k \
    -a '(__distaff_values --lock)'
complete -c distaff -n '__distaff_offers fetch --lock-wait -- --lock-wait' -l lock-wait -d 'wait up to D for the lock that another run holds' -x -k \
    -a '\'10s\' \'1m\' \'10m\' \'1h\''
complete -c distaff -n '__distaff_offers fetch --quiet-unless-failed -- --quiet-unless-failed' -l quiet-unless-failed -d 'print nothing if all goes well, else everything'
complete -c distaff -n '__distaff_offers fetch --stamp -- --stamp' -l stamp -d 'set FILE\'s time to now if the exit status is 0' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers fetch --metrics -- --metrics' -l metrics -d 'write how the run went to FILE, for Prometheus' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers fetch --progress -- --progress' -l progress -d 'show how far it is: auto is a bar on a terminal' -x -k \
    -a '\'auto\' \'bar\' \'line\' \'none\''
complete -c distaff -n '__distaff_offers fetch --progress-interval -- --progress-interval' -l progress-interval -d 'how often --progress line prints' -x -k \
    -a '\'1s\' \'10s\' \'30s\' \'1m\' \'5m\''
complete -c distaff -n '__distaff_offers fetch --log-level -- --log-level --quiet' -l log-level -d 'what is worth a message; single failures are info' -x -k \
    -a '\'debug\' \'info\' \'warn\' \'error\''
complete -c distaff -n '__distaff_offers fetch --log-format -- --log-format' -l log-format -d 'messages and progress lines as JSON objects' -x -k \
    -a '\'text\' \'json\''
complete -c distaff -n '__distaff_offers fetch --log-file -- --log-file' -l log-file -d 'append messages to FILE and not to stderr' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers fetch --quiet -- --quiet --log-level' -l quiet -d 'the same as --log-level error'
complete -c distaff -n '__distaff_offers fetch --config -- ' -l config -d 'options from FILE, a JSON object of names and values' -r -F -a '(__distaff_glued_files)'
complete -c distaff -n '__distaff_offers fetch -h --help -- -h --help' -s h -l help -d 'the most common things on one screen'
complete -c distaff -n '__distaff_offers fetch --help-all -- --help-all' -l help-all -d 'every option with its default'
complete -c distaff -n '__distaff_offers fetch -V --version -- -V --version' -s V -l version -d 'print the version'
# End mark of fetch.
