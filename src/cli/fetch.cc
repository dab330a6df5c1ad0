#include "cli/fetch.h"

#include <fmt/format.h>
#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/secrets.h"
#include "base/text.h"
#include "cli/advice.h"
#include "cli/file_roles.h"
#include "cli/run_files.h"
#include "cli/run_parts.h"
#include "cli/scheduled.h"
#include "cli/slots.h"
#include "collate/fetch_rows.h"
#include "compose/authority.h"
#include "compose/job_builder.h"
#include "compose/request_template.h"
#include "compose/url.h"
#include "engine/dry_run.h"
#include "engine/engine.h"
#include "engine/summary.h"
#include "fetch/body_archive.h"
#include "fetch/body_files.h"
#include "fetch/data_file.h"
#include "fetch/fetch_executor.h"
#include "fetch/known_urls.h"
#include "fetch/written_names.h"
#include "input/open_source.h"
#include "input/resolved_source.h"
#include "os/early_signals.h"
#include "os/process_limits.h"
#include "os/signals.h"
#include "os/spare_memory.h"
#include "os/wall_clock.h"
#include "sink/host_stats.h"
#include "sink/job_messages.h"
#include "sink/log.h"
#include "sink/progress.h"
#include "sink/progress_bar.h"
#include "sink/terminal_status.h"

namespace distaff {
namespace {

constexpr std::size_t kMostUnread = std::size_t{1} << 20;
constexpr int kMostRequests = 4096;  // of -j 0

// ---- what is decided before the first request

bool is_table(RecordFormat format) {
  return format == RecordFormat::csv || format == RecordFormat::tsv ||
         format == RecordFormat::jsonl;
}

std::string list_of(const FieldNames& names) {
  std::string list;
  for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 20); ++i) {
    list += (i > 0 ? ", " : "") + printable(mask_record(names[i]), 60);
  }
  return list + (names.size() > 20 ? fmt::format(" and {} more", names.size() - 20) : "");
}

// Which column of a table holds the URLs, if nobody said it.
Expected<void> find_column(RunSpec& spec, const OpenedSource& opened) {
  FetchSpec& fetch = *spec.fetch;
  if (!is_table(spec.input.format) || !fetch.column.empty() || !fetch.url_template.empty()) {
    return {};
  }
  if (opened.scheme.kind != FieldScheme::Kind::named) {
    fetch.column = opened.scheme.kind == FieldScheme::Kind::open ? "url" : "1";
    return {};
  }
  const FieldNames& names = opened.scheme.names;
  auto found = std::find(names.begin(), names.end(), "url");
  if (found == names.end()) {
    found = std::find_if(names.begin(), names.end(), [](const std::string& name) {
      return strcasecmp(name.c_str(), "url") == 0;
    });
  }
  if (found != names.end()) {
    fetch.column = *found;
    return {};
  }
  return fail(fmt::format(
      "no column 'url'; name the one that holds the URLs as the last word: distaff fetch --{} "
      "COLUMN. The columns are {}",
      spec.input.format == RecordFormat::tsv ? "tsv" : "csv", list_of(opened.scheme.names)));
}

struct FetchPlan {
  std::optional<RequestTemplate> request;
  std::optional<GroupKey> key;
  std::optional<Template> id;
  std::vector<std::string> warnings;
  FieldScheme columns;                       // of the input, as the report has them
  const ResolvedSource* resolved = nullptr;  // the source, with --key ip
};

GroupKey::UrlOf urls_of(const RunSpec& spec, const RequestTemplate& request) {
  const bool plain = spec.fetch->url_template.empty() && spec.fetch->column.empty();
  return [&request, plain](const Record& record, JobId id) -> std::optional<std::string> {
    if (plain) return std::string(without_blanks_around(record.text));
    const auto launch = request.build({{&record, 1}, id, 0});
    return launch ? std::optional(launch->request->url) : std::nullopt;
  };
}

// Those of --resolve HOST:PORT:ADDRESS[,ADDRESS]..., by host.
std::map<std::string, std::string> said_addresses(const FetchSpec& fetch) {
  std::map<std::string, std::string> known;
  for (std::string_view text : fetch.resolve) {
    if (text.starts_with('+')) text.remove_prefix(1);
    const std::size_t port = text.find(':');
    const std::size_t address = port == text.npos ? port : text.find(':', port + 1);
    if (address == text.npos) continue;
    const auto host = host_of("http://" + std::string(text.substr(0, port)) + "/");
    const std::string_view addresses = text.substr(address + 1);
    if (host) known[*host] = addresses.substr(0, addresses.find(','));
  }
  return known;
}

Expected<GroupKey> make_key(const RunSpec& spec, const TemplateSyntax& syntax,
                            const FetchPlan& plan) {
  const std::string& key = spec.group.key;
  const auto by = [&](GroupKey::NameOf name) {
    return GroupKey::of_urls(urls_of(spec, *plan.request), std::move(name));
  };
  if (key == "host") return by([](const std::string& host) { return host; });
  if (key == "domain") return by([](const std::string& host) { return domain_of(host); });
  if (key == "ip") {
    return by([&plan, known = said_addresses(*spec.fetch)](const std::string& host) {
      const auto said = known.find(host);
      return said == known.end() ? plan.resolved->address_of(host) : said->second;
    });
  }
  return GroupKey::compile(key, syntax);
}

// --key ip: names are looked up ahead of their records.
void resolve_ahead(const RunSpec& spec, OpenedSource& opened, FetchPlan& plan) {
  if (spec.group.key != "ip") return;
  auto resolved = std::make_unique<ResolvedSource>(
      std::move(opened.source),
      [url = urls_of(spec, *plan.request),
       known = said_addresses(*spec.fetch)](const Record& record) -> std::optional<std::string> {
        const auto text = url(record, JobId{0});
        auto host = text ? host_of(*text) : std::nullopt;
        if (host && known.contains(*host)) host.reset();
        return host;
      });
  plan.resolved = resolved.get();
  opened.source = std::move(resolved);
}

// What jobs are known by in a journal: what is asked for, and not how.
void set_identity(RunSpec& spec) {
  const FetchSpec& fetch = *spec.fetch;
  spec.command.words = {"distaff fetch", fetch.method, fetch.url_template, fetch.column,
                        fetch.data.value_or("")};
}

// `plan` must not move any more: the key looks at its request.
Expected<void> make_plan(RunSpec& spec, OpenedSource& opened, FetchPlan& plan) {
  if (const auto found = find_column(spec, opened); !found) return tl::unexpected(found.error());
  learn_names(spec, opened);
  set_identity(spec);
  const TemplateSyntax syntax{opened.scheme, "{}", opened.tuples};
  auto request = RequestTemplate::compile(*spec.fetch, {syntax, read_data_file});
  if (!request) return tl::unexpected(request.error());
  plan.request.emplace(std::move(*request));
  if (!spec.group.key.empty()) {
    auto key = make_key(spec, syntax, plan);
    if (!key) return tl::unexpected(key.error());
    plan.key.emplace(std::move(*key));
  }
  if (!spec.journal.id.empty()) {
    auto id = Template::parse(spec.journal.id, syntax);
    if (!id) return fail("--id: " + id.error().message);
    plan.id.emplace(std::move(*id));
  }
  std::vector<std::string> names = plan.request->field_names();
  if (plan.key) {
    for (auto& name : plan.key->field_names()) names.push_back(std::move(name));
  }
  if (plan.id) plan.id->collect_names(names);
  want_fields(*opened.source, names);
  plan.warnings = advice_on_columns(spec.input, opened.scheme.names, names);
  plan.columns = opened.scheme;
  if (const std::size_t count = first_row_fields(*opened.source)) plan.columns.count = count;
  resolve_ahead(spec, opened, plan);
  return {};
}

// What an earlier run called its bodies, where two URLs may have one name; and what else is there.
void learn_names(const RunSpec& spec, RunFiles& files, WrittenNames& names) {
  if (spec.fetch->name.empty()) return;
  if (spec.fetch->archive.empty()) {
    for (RoleBelow& role : file_roles_below(spec.fetch->output_dir, spec)) {
      names.keep_free(std::move(role.path), std::move(role.what));
    }
  }
  std::string before;
  if (spec.fetch->archive.empty()) {
    before = spec.fetch->output_dir;
    while (before.ends_with('/')) before.pop_back();
    before += '/';
  }
  files.tell_done([&names, before](const EarlierEnd& end) {
    const Response& response = *end.attempt.response;
    if (response.path.size() <= before.size() || !response.path.starts_with(before)) return;
    names.add_earlier(std::string_view(response.path).substr(before.size()), response.url);
  });
}

Expected<std::unique_ptr<BodyStore>> open_store(const RunSpec& spec, WrittenNames names) {
  const FetchSpec& fetch = *spec.fetch;
  if (!fetch.archive.empty()) {
    auto archive = BodyArchive::open(fetch.archive, std::move(names));
    if (!archive) return fail("--archive: " + archive.error().message, archive.error().status);
    return std::unique_ptr<BodyStore>(std::move(*archive));
  }
  if (fetch.output_dir.empty()) return std::unique_ptr<BodyStore>();
  const bool parts = spec.failure.retries > 0 || !spec.journal.file.empty();
  auto files = BodyFiles::open(
      {.directory = fetch.output_dir, .keep_parts = parts, .written = std::move(names)});
  if (!files) return fail("--output-dir: " + files.error().message, files.error().status);
  return std::unique_ptr<BodyStore>(std::move(*files));
}

std::string user_agent_of(const FetchSpec& fetch) {
  if (!fetch.user_agent.empty()) return fetch.user_agent;
  const std::string name = "distaff/" DISTAFF_VERSION;
  return fetch.contact.empty() ? name : fmt::format("{} (+{})", name, fetch.contact);
}

std::unique_ptr<RowFormat> rows_of(const RunSpec& spec, const OpenedSource& opened,
                                   const FetchPlan& plan) {
  const RequestTemplate& request = *plan.request;
  const OutputMode mode = spec.output.mode;
  if (mode != OutputMode::csv && mode != OutputMode::json) return nullptr;
  const bool plain = spec.fetch->url_template.empty() && spec.fetch->column.empty();
  const bool commas = spec.input.format == RecordFormat::csv && spec.input.separator == ',';
  std::string header;
  if (commas && spec.input.header) header = opened.source->framing().header;
  return std::make_unique<FetchRows>(
      FetchRows::Options{.json = mode == OutputMode::json,
                         .input = spec.input.format,
                         .rows_as_they_are = commas,
                         .scheme = plan.columns,
                         .input_header = header,
                         .on_terminal = isatty(STDOUT_FILENO) == 1,
                         .url_of = [&request, plain](const Job& job) {
                           const std::string& text = job.records.front().text;
                           if (plain) return std::string(without_blanks_around(text));
                           const JobView view{job.records, job.id, 0};
                           return request.build(view) ? request.url_as_given(view) : std::string();
                         }});
}

Collator::Mode mode_of(OutputMode mode) {
  return mode == OutputMode::none ? Collator::Mode::none : Collator::Mode::group;
}

JobBuilder::Limits builder_limits() { return {.max_bytes = UINT64_MAX, .system_bytes = 1 << 30}; }

// ---- a run

class FetchRun {
 public:
  FetchRun(const RunSpec& spec, int slots, Startup& startup, OpenedSource& opened, FetchPlan& plan,
           Pacing& pacing, EventLoop& loop, Output& output, HeldOutput* held, Log& log,
           Scheduled& scheduled, RunFiles& files, BodyStore* store, Conditions* conditions)
      : scheduled_(scheduled),
        sink_(held != nullptr ? static_cast<ByteSink&>(*held) : output),
        slots_(slots),
        builder_(builder_limits(), *plan.request, plan.key ? &*plan.key : nullptr),
        scheduler_({.slots = slots_, .buffer = spec.pool.buffer, .delay = spec.pool.delay}),
        rows_(rows_of(spec, opened, plan)),
        spill_(spill_directory(spec.output), spec.output.spill_limit),
        collator_({.mode = mode_of(spec.output.mode),
                   .keep_order = spec.output.keep_order,
                   .rows = rows_.get(),
                   .whole_only = spec.fetch->body,
                   .hold_memory = spec.output.hold_memory,
                   .spill = spec.output.spill_limit > 0 ? &spill_ : nullptr},
                  sink_),
        waiter_(loop, *opened.source, sink_),
        executor_({.spec = *spec.fetch,
                   .user_agent = user_agent_of(*spec.fetch),
                   .store = store,
                   .to_events = spec.fetch->body,
                   .conditions = conditions,
                   .slots = slots_,
                   .on_store_end = [this](const Error& error) { engine_.break_off(error); },
                   .warn = [&log](const std::string& t) { log.on_message(LogLevel::warn, t); }},
                  loop, relay_),
        job_messages_(log),
        files_(files),
        output_(output),
        terminal_(STDERR_FILENO),
        status_(terminal_, output),
        progress_mode_(progress_mode(spec, terminal_)),
        progress_lines_(spec.progress.interval, EventLoop::now(), sink_, spec.log.format),
        progress_bar_(EventLoop::now(), bar_delay(spec), status_),
        stats_(sink_),
        engine_(engine_options(spec, opened, plan, files.run_id(), scheduled.deadline()),
                {*opened.source, builder_, *plan.request, scheduler_, pacing, executor_, &collator_,
                 sink_, waiter_, observers(log, spec.fetch->stats), rows_.get(), nullptr,
                 files.journal(), files.resume(), nullptr}),
        signals_(loop, startup, {SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGUSR1, SIGUSR2},
                 [this](int signal, TimePoint) { on_signal(signal); }) {
    relay_.to = &engine_;
    waiter_.serve(executor_);
    if (const auto at = scheduled.deadline()) {
      alarm_.emplace(loop, *at, [this] { engine_.on_deadline(); });
    }
  }

  // Gives the exit status.
  int run() {
    const int of_jobs = engine_.run().exit_status();
    int status = of_jobs;
    std::string messages;
    if (const auto finished = executor_.finish(); !finished) {
      messages += last_words(finished.error());
      if (status <= 1) status = finished.error().status;
    }
    status = scheduled_.finish(status, engine_.summary().not_run(), messages);
    const int of_rest = engine_.end_with(messages, status != 0);
    return status_of_closing(of_rest <= 1 ? std::max(of_rest, status) : of_rest, output_);
  }

 private:
  static Engine::Options engine_options(const RunSpec& spec, const OpenedSource& opened,
                                        const FetchPlan& plan, const std::string& run_id,
                                        std::optional<time_t> deadline) {
    Engine::Options options{.failure = spec.failure,
                            .keyed = plan.key.has_value(),
                            .limited = spec.group.limited(),
                            .adaptive = spec.fetch->adaptive,
                            .trace = spec.output.trace,
                            .run_id = run_id,
                            .total = jobs_to_expect(spec, opened),
                            .keyless_is_odd = false,
                            .deadline = deadline_of(spec.failure.deadline, deadline),
                            .records = opened.total,
                            .advice_on_rest = advice_on_rest(spec),
                            .seed = draw_seed(),
                            .read_rest = RunFiles::replaces_input(spec),
                            .out_of_memory = memory_ran_out};
    if (plan.key) {
      options.key_of_hop = [&key = *plan.key](const Job&, std::string_view url) {
        return key.key_of_hop(url);
      };
    }
    return options;
  }

  std::vector<Observer*> observers(Log& log, bool stats) {
    std::vector<Observer*> all{&log};
    if (log.wants(LogLevel::info)) all.push_back(&job_messages_);
    if (progress_mode_ == ProgressMode::line) all.push_back(&progress_lines_);
    if (progress_mode_ == ProgressMode::bar) all.push_back(&progress_bar_);
    files_.add_observers(log, all);
    if (stats) all.push_back(&stats_);
    if (scheduled_.metrics() != nullptr) all.push_back(scheduled_.metrics());
    return all;
  }

  void on_signal(int signal) {
    if (signal == SIGUSR1) return tell_status();
    if (signal == SIGUSR2) return engine_.finish_early();
    if (signal != SIGTSTP) return engine_.on_signal(signal);
    progress_bar_.hide();
    output_.flush();
    const TimePoint before = EventLoop::now();
    stop_as_asked();
    engine_.stopped_for(EventLoop::now() - before);
  }

  // Also if all else is held back: whoever asks wants an answer.
  void tell_status() {
    if (output_.pending() < kMostUnread) output_.say(engine_.status());
    output_.flush();
  }

  Scheduled& scheduled_;
  ByteSink& sink_;  // what holds output back, or output_
  int slots_;
  JobBuilder builder_;
  Scheduler scheduler_;
  std::unique_ptr<RowFormat> rows_;
  SpillFiles spill_;
  Collator collator_;
  LoopWaiter waiter_;
  Relay relay_;
  FetchExecutor executor_;
  JobMessages job_messages_;
  RunFiles& files_;
  Output& output_;
  Terminal terminal_;
  TerminalStatus status_;
  ProgressMode progress_mode_;
  ProgressLines progress_lines_;
  ProgressBar progress_bar_;
  HostStats stats_;
  Engine engine_;
  SignalWatcher signals_;
  std::optional<WallAlarm> alarm_;
};

// A header that was not understood may be why.
Error with_advice(Error error, const RunSpec& spec, const OpenedSource& opened) {
  const std::string odd = advice_on_header(spec.input, opened.scheme);
  if (!odd.empty()) error.message += "; " + odd;
  return error;
}

// Everything between the lock and the stamp.
Expected<int> fetch_all(RunSpec& spec, Pacing& pacing, Startup& startup, Scheduled* scheduled) {
  std::optional<EarlySignals> early;
  if (scheduled != nullptr) early.emplace(startup);
  auto opened = RunFiles::or_leave_empty(spec, [&] { return open_source(spec.input); });
  if (!opened) return tl::unexpected(opened.error());
  if (opened->empty) {
    const auto emptied = RunFiles::leave_empty(spec, make_run_id());
    if (!emptied) return tl::unexpected(emptied.error());
    std::string messages;
    const int status = scheduled == nullptr ? 0 : scheduled->finish(0, 0, messages);
    std::fputs(messages.c_str(), stderr);
    return status;
  }
  FetchPlan plan;
  const auto planned =
      RunFiles::or_leave_empty(spec, [&] { return make_plan(spec, *opened, plan); });
  if (!planned) {
    return tl::unexpected(with_advice(planned.error(), spec, *opened));
  }
  EventLoop loop;
  Output output(loop);
  std::optional<Quiet> quiet;
  if (spec.cron.quiet_unless_failed && scheduled != nullptr) quiet.emplace(spec.output, output);
  HeldOutput* const held = quiet ? &quiet->held : nullptr;
  const auto log = Log::open(spec.log, held != nullptr ? static_cast<ByteSink&>(*held) : output);
  if (!log) return tl::unexpected(log.error());
  const std::string failed_to = advice_on_failed_to(spec, *opened->source);
  if (!failed_to.empty()) (*log)->on_message(LogLevel::warn, failed_to);
  for (const std::string& warning : plan.warnings) (*log)->on_message(LogLevel::warn, warning);
  const std::string braces = advice_on_braces(spec, {opened->scheme, "{}", opened->tuples});
  if (!braces.empty()) (*log)->on_message(LogLevel::warn, braces);
  RunFiles files(spec, *plan.request, plan.id, *opened, make_run_id());
  WrittenNames names;
  learn_names(spec, files, names);
  const auto ready = spec.output.dry_run ? files.look() : files.open(EventLoop::now());
  if (!ready) return tl::unexpected(ready.error());
  if (const std::string warning = files.warning(); !warning.empty()) {
    (*log)->on_message(LogLevel::warn, warning);
  }
  if (scheduled == nullptr) {
    LoopWaiter waiter(loop, *opened->source, output);
    JobBuilder builder(builder_limits(), *plan.request, plan.key ? &*plan.key : nullptr);
    return end(dry_run(*opened->source, builder, *plan.request, output, waiter, files.resume(),
                       isatty(STDOUT_FILENO) == 1)
                   .exit_status());
  }
  if (const auto good = FetchExecutor::check(*spec.fetch); !good) {
    return tl::unexpected(good.error());
  }
  auto store = open_store(spec, std::move(names));
  if (!store) return tl::unexpected(store.error());
  std::unique_ptr<Conditions> conditions;
  if (!spec.fetch->conditions.empty()) {
    auto known = open_conditions(spec.fetch->conditions);
    if (!known) return fail("--cond: " + known.error().message, known.error().status);
    conditions = std::move(*known);
  }
  if (spec.fetch->insecure) {
    (*log)->on_message(LogLevel::warn, "--insecure: certificates are not checked");
  }
  const auto slots = slots_that_fit(spec.pool.jobs, needs_of_fetch(spec), kMostRequests);
  if (!slots) return tl::unexpected(slots.error());
  if (!slots->warning.empty()) (*log)->on_message(LogLevel::warn, slots->warning);
  int status = 0;
  {
    FetchRun all(spec, slots->count, startup, *opened, plan, pacing, loop, output, held, **log,
                 *scheduled, files, store->get(), conditions.get());
    early->end();
    status = all.run();
  }
  // Before we die of a signal: an archive is one whole file then, if nobody reads it.
  conditions.reset();
  store->reset();
  return end(status);
}

}  // namespace

Expected<int> fetch(RunSpec spec, Startup& startup) {
  // What is a URL as it stands has no blanks around it, and no CR, as lines from Windows have.
  spec.input.trimmed = spec.fetch->url_template.empty();
  auto pacing = Pacing::compile(spec.group, spec.failure, draw_seed());
  if (!pacing) return tl::unexpected(pacing.error());
  if (spec.output.dry_run) return fetch_all(spec, *pacing, startup, nullptr);
  raise_open_files(startup);
  if (const auto enough = check_descriptors(needs_of_fetch(spec)); !enough) {
    return tl::unexpected(enough.error());
  }
  auto scheduled = Scheduled::begin(spec, startup);
  if (!scheduled) return tl::unexpected(scheduled.error());
  auto status = fetch_all(spec, *pacing, startup, &*scheduled);
  if (!status) {
    std::string messages;
    status.error().status = scheduled->finish(status.error().status, 0, messages);
    std::fputs(messages.c_str(), stderr);
  }
  return status;
}

}  // namespace distaff
