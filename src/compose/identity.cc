#include "compose/identity.h"

#include <xxhash.h>

#include <memory>
#include <new>
#include <string_view>
#include <utility>

namespace distaff {
namespace {

// What is hashed is a row of these, each with its length in front: so "ab" "c" is not "a" "bc", and
// no list ends where another would go on.
class Digest {
 public:
  // In memory that was used before.
  explicit Digest(std::string room = {}) : text_(std::move(room)) { text_.clear(); }
  std::string&& room() { return std::move(text_); }

  void count(std::uint64_t n) { text_.append(reinterpret_cast<const char*>(&n), sizeof n); }
  void text(std::string_view bytes) {
    count(bytes.size());
    text_ += bytes;
  }
  void missing() { count(UINT64_MAX); }
  void raw(std::string_view bytes) { text_ += bytes; }
  const std::string& bytes() const { return text_; }

  // Of what is long, the text so far need not be kept.
  void pass_on() {
    if (text_.size() < kLongText) return;
    if (!state_) {
      state_.reset(XXH3_createState());
      if (!state_) throw std::bad_alloc();
      XXH3_128bits_reset(state_.get());
    }
    XXH3_128bits_update(state_.get(), text_.data(), text_.size());
    text_.clear();
  }

  Identity hash() const {
    if (state_) XXH3_128bits_update(state_.get(), text_.data(), text_.size());
    const XXH128_hash_t hash =
        state_ ? XXH3_128bits_digest(state_.get()) : XXH3_128bits(text_.data(), text_.size());
    Identity identity{hash.high64, hash.low64};
    if (identity == Identity{}) identity.low = 1;
    return identity;
  }

 private:
  struct FreeState {
    void operator()(XXH3_state_t* state) const { XXH3_freeState(state); }
  };
  static constexpr std::size_t kLongText = std::size_t{64} << 10;

  std::string text_;
  std::unique_ptr<XXH3_state_t, FreeState> state_;  // of what stands before it
};

// Into 16 bytes, whatever its length.
std::string digested(const Digest& digest) {
  const Identity hash = digest.hash();
  Digest short_one;
  short_one.count(hash.high);
  short_one.count(hash.low);
  return short_one.bytes();
}

void add_words(const std::vector<std::string>& words, Digest& digest) {
  digest.count(words.size());
  for (const std::string& word : words) digest.text(word);
}

std::string command_digest(const CommandSpec& command) {
  Digest digest;
  digest.text("distaff job 1");
  add_words(command.words, digest);
  digest.text(command.replacement);
  digest.count(command.replacement_given ? 1 : 0);
  add_words(command.shell, digest);
  digest.text(command.workdir);
  digest.count(command.env.size());
  for (const auto& [name, value] : command.env) {
    digest.text(name);
    digest.text(value);
  }
  digest.count(static_cast<std::uint64_t>(command.stdin_mode));
  return digested(digest);
}

// The text, since {} gives that; the fields, since the same text may be cut in other ways; and
// their names, since the command says these.
void add_record(const Record& record, Digest& digest) {
  digest.text(record.text);
  digest.count(record.fields.size());
  for (const auto& field : record.fields) field ? digest.text(*field) : digest.missing();
  digest.count(record.names ? record.names->size() : 0);
  if (!record.names) return;
  for (const std::string& name : *record.names) digest.text(name);
}

// What is asked for, and not how: a header may be a password that is new every day.
void add_request(const Request& request, Digest& digest) {
  digest.text(request.method);
  digest.text(request.url);
  request.data ? digest.text(*request.data) : digest.missing();
}

void add_job(const Job& job, Digest& digest) {
  digest.count(job.size());
  if (job.packed) {
    // Of records without fields, as add_record() has them.
    job.packed->each([&](std::string_view text) {
      digest.text(text);
      digest.count(0);
      digest.count(0);
      digest.pass_on();
    });
    return;
  }
  for (const Record& record : job.records) add_record(record, digest);
}

std::uint32_t common_hash(const std::string& command, const std::optional<Template>& id) {
  Digest digest;
  if (!id) digest.raw(command);
  for (const Piece& piece : id ? id->pieces() : std::vector<Piece>{}) {
    const auto* literal = std::get_if<std::string>(&piece);
    digest.count(literal ? 1 : 0);
    digest.text(literal ? *literal : std::get<Replacement>(piece).spelled);
  }
  const auto hash = static_cast<std::uint32_t>(digest.hash().low);
  return hash == 0 ? 1 : hash;
}

}  // namespace

IdentityMaker::IdentityMaker(const CommandSpec& spec, const LaunchTemplate& command,
                             std::optional<Template> id)
    : prefix_(command_digest(spec)),
      command_(command),
      id_(std::move(id)),
      common_(common_hash(prefix_, id_)) {}

// (Not a thread_local: glibc ends the process where it finds no memory for its destructor.)
Identity IdentityMaker::hash_of(const Job& job) const {
  Digest digest(std::move(room_));
  digest.raw(prefix_);
  add_job(job, digest);
  const Identity hash = digest.hash();
  room_ = digest.room();
  return hash;
}

Identity IdentityMaker::of(const Job& job) const {
  if (!id_) return hash_of(job);
  const auto text = id_->expand({job.records, job.id, 0});
  if (!text) return hash_of(job);
  Digest digest;
  digest.text("distaff id 1");
  digest.text(*text);
  return digest.hash();
}

std::uint32_t IdentityMaker::work_of(const Job& job) const {
  if (!id_) return 0;
  JobView view = view_of(job, 0, false);
  view.id = JobId{0};
  const auto launch = command_.build(view);
  if (!launch) return 1;
  Digest digest;
  add_words(launch->argv, digest);
  add_words(launch->env, digest);
  digest.text(launch->workdir);
  if (launch->stdin_batch) {
    digest.text(launch->stdin_batch->joined());
  } else {
    launch->stdin_text ? digest.text(*launch->stdin_text) : digest.missing();
  }
  if (launch->request) add_request(*launch->request, digest);
  const auto work = static_cast<std::uint32_t>(digest.hash().low);
  return work == 0 ? 1 : work;
}

void IdentityMaker::collect_names(std::vector<std::string>& names) const {
  if (id_) id_->collect_names(names);
}

Identity numbered(const Identity& identity, std::uint64_t n) {
  if (n <= 1) return identity;
  Digest digest;
  digest.count(identity.high);
  digest.count(identity.low);
  digest.count(n);
  return digest.hash();
}

}  // namespace distaff
