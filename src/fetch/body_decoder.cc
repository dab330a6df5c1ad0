#include "fetch/body_decoder.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "base/utf8_check.h"

namespace distaff {
namespace {

constexpr std::size_t kMark = 16;          // bytes by which it is decided what this is
constexpr std::size_t kLeastText = 16;     // bytes; fewer may be either
constexpr std::size_t kTrial = 64 << 10;   // bytes that are no longer held beyond it
constexpr std::size_t kMostEncodings = 5;  // more are an attack

std::vector<std::string> names_of(std::string_view encodings) {
  std::vector<std::string> names;
  while (!encodings.empty()) {
    const std::size_t comma = std::min(encodings.find(','), encodings.size());
    std::string name;
    for (const char c : encodings.substr(0, comma)) {
      if (c != ' ' && c != '\t') name += ascii_lower(c);
    }
    encodings.remove_prefix(std::min(comma + 1, encodings.size()));
    if (name.starts_with("x-")) name.erase(0, 2);
    if (!name.empty() && name != "identity") names.push_back(std::move(name));
  }
  return names;
}

bool is_known(std::string_view name) {
  return name == "gzip" || name == "deflate" || name == "br" || name == "zstd";
}

// Bytes at the end of a character that is not whole.
std::size_t open_character(std::string_view text) {
  for (std::size_t size = 1; size <= std::min<std::size_t>(3, text.size()); ++size) {
    const auto byte = static_cast<unsigned char>(text[text.size() - size]);
    if (byte >= 0xc0) return size < (byte >= 0xf0 ? 4u : byte >= 0xe0 ? 3u : 2u) ? size : 0;
    if (byte < 0x80) return 0;
  }
  return 0;
}

// What has no mark and no end is taken for this, rather than for a stream that is cut.
bool is_text(std::string_view begin) {
  const bool controls = std::any_of(begin.begin(), begin.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7f;
  });
  if (controls) return false;
  Utf8Check check;
  check.feed(begin.substr(0, begin.size() - open_character(begin)));
  return check.valid();
}

// By its mark, if it has one.
bool may_be(std::string_view name, std::string_view begin) {
  if (name == "gzip") return is_gzip_mark(begin);
  return name != "zstd" || is_zstd_mark(begin);
}

std::unique_ptr<Decoder> make_decoder(std::string_view name, std::string_view begin) {
  if (name == "gzip") return make_gzip_decoder();
  if (name == "zstd") return make_zstd_decoder();
  if (name == "br") return make_brotli_decoder();
  return is_zlib_mark(begin) ? make_zlib_decoder() : make_bare_deflate_decoder();
}

}  // namespace

Room BodyDecoder::Buffer::room() {
  if (begin == end) begin = end = 0;
  return {bytes.get() + end, kSize - end};
}

std::size_t BodyDecoder::Buffer::add(std::string_view more) {
  const Room space = room();
  const std::size_t size = std::min(space.left, more.size());
  std::memcpy(space.at, more.data(), size);
  end += size;
  return size;
}

std::string BodyDecoder::list(std::string_view content_encoding) {
  std::string list;
  for (const std::string& name : names_of(content_encoding)) {
    list += (list.empty() ? "" : ", ") + name;
  }
  return list;
}

bool BodyDecoder::knows(std::string_view encodings) {
  const auto names = names_of(encodings);
  return names.size() <= kMostEncodings && std::all_of(names.begin(), names.end(), is_known);
}

BodyDecoder::BodyDecoder(std::string_view encodings) : names_(names_of(encodings)) {
  assert(!names_.empty());
  std::reverse(names_.begin(), names_.end());
  stages_.resize(names_.size());
}

std::string_view BodyDecoder::ready() const {
  return on_trial_ ? std::string_view() : stages_.back().output.view();
}

std::size_t BodyDecoder::feed(std::string_view bytes) {
  if (state_ == Decoding::as_it_is) {
    run_held();
    return read_ < held_.size() ? 0 : stages_.back().output.add(bytes);
  }
  if (!decided_ || on_trial_) {
    const std::size_t most = decided_ ? kTrial : kMark;
    const std::size_t size = std::min(bytes.size(), most - held_.size());
    hold(bytes.substr(0, size));
    return size;
  }
  run_held();
  if (read_ < held_.size()) return 0;
  std::string_view left = bytes;
  run(stages_.size() - 1, left);
  return bytes.size() - left.size();
}

void BodyDecoder::hold(std::string_view bytes) {
  held_ += bytes;
  if (!decided_ && held_.size() == kMark) decide();
  if (decided_) run_held();
}

// By what there is of its beginning.
void BodyDecoder::decide() {
  decided_ = true;
  const std::string& name = names_[0];
  const bool fits = may_be(name, held_);
  if (!fits) state_ = Decoding::as_it_is;
  on_trial_ = fits && name != "gzip" && name != "zstd";
}

void BodyDecoder::run_held() {
  std::string_view rest = std::string_view(held_).substr(read_);
  if (state_ == Decoding::as_it_is) {
    rest.remove_prefix(stages_.back().output.add(rest));
  } else if (!held_.empty()) {
    run(stages_.size() - 1, rest);
  }
  read_ = held_.size() - rest.size();
  if (on_trial_) judge_trial();
  if (on_trial_ || read_ < held_.size()) return;
  held_.clear();
  read_ = 0;
}

void BodyDecoder::judge_trial() {
  const auto& decoder = stages_[0].decoder;
  // Without a checksum an end may be there by chance.
  const bool by_chance = decoder && decoder->end() == Decoding::junk &&
                         !(names_[0] == "deflate" && is_zlib_mark(held_));
  if (state_ == Decoding::broken || by_chance) {
    keep_as_it_is();
  } else if (held_.size() >= kTrial || stages_.back().output.room().left == 0) {
    on_trial_ = false;
  }
}

void BodyDecoder::keep_as_it_is() {
  state_ = Decoding::as_it_is;
  for (Stage& stage : stages_) stage.output.begin = stage.output.end = 0;
  on_trial_ = false;
  read_ = 0;
  run_held();
}

// Fills the output of a stage from that of the one before it, and the first from the input.
void BodyDecoder::run(std::size_t at, std::string_view& input) {
  Stage& stage = stages_[at];
  while (state_ != Decoding::broken) {
    if (at > 0 && stages_[at - 1].output.view().empty()) run(at - 1, input);
    std::string_view in = at > 0 ? stages_[at - 1].output.view() : input;
    if (!stage.decoder && in.empty()) return;
    if (!stage.decoder && at > 0 && !may_be(names_[at], in)) {
      lacks_one_ = true;
      stage.decoder = make_plain_decoder();
    }
    if (!stage.decoder) stage.decoder = make_decoder(names_[at], in);
    const std::size_t had = in.size();
    Room room = stage.output.room();
    const std::size_t space = room.left;
    if (space == 0) return;
    const Decoding came = stage.decoder->run(in, room);
    stage.output.end += space - room.left;
    if (at > 0) {
      stages_[at - 1].output.begin += had - in.size();
    } else {
      input = in;
    }
    if (came == Decoding::broken) state_ = came;
    if (had == in.size() && space == room.left) return;
  }
}

void BodyDecoder::finish() {
  if (!decided_) decide();
  run_held();
  if (state_ == Decoding::going) {
    std::string_view none;
    run(stages_.size() - 1, none);
  }
  if (std::exchange(on_trial_, false)) {
    const bool has_end = stages_[0].decoder && stages_[0].decoder->end() == Decoding::whole;
    if (!has_end && held_.size() >= kLeastText && is_text(held_)) keep_as_it_is();
    run_held();
  }
  if (state_ != Decoding::going || !ready().empty() || read_ < held_.size()) return;
  Decoding all = Decoding::whole;
  for (const Stage& stage : stages_) {
    const Decoding end = stage.decoder ? stage.decoder->end() : Decoding::cut;
    if (end == Decoding::cut || all == Decoding::whole) all = end;
  }
  state_ = all;
}

}  // namespace distaff
