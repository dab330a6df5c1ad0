#pragma once

// --dry-run: what would be executed, one command a line, in input order, and nothing runs.

#include "collate/byte_sink.h"
#include "compose/job_builder.h"
#include "compose/launch_template.h"
#include "engine/resume.h"
#include "engine/summary.h"
#include "engine/waiter.h"
#include "input/source.h"

namespace distaff {

// A job that could not start is counted as failed and named in the block, as it would be in a run.
// `resume` may be null.  A terminal is shown no control characters; elsewhere the lines are exact,
// to be run.
RunResult dry_run(Source& source, JobBuilder& builder, const LaunchTemplate& command,
                  ByteSink& sink, Waiter& waiter, Resume* resume, bool on_terminal);

}  // namespace distaff
