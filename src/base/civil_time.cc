#include "base/civil_time.h"

#include <fmt/format.h>

namespace distaff {
namespace {

// Takes what it understands from the front.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  // So many digits, from `least` to `most`.
  bool take(std::size_t digits, int least, int most, int& value) {
    if (rest_.size() < digits) return false;
    value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return value >= least && value <= most;
  }

  bool starts_date() const { return rest_.size() > 4 && rest_[4] == '-'; }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

int days_of(int year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

bool take_date(Scanner& text, CivilDate& date) {
  return text.take(4, 1970, 9999, date.year) && text.take('-') && text.take(2, 1, 12, date.month) &&
         text.take('-') && text.take(2, 1, days_of(date.year, date.month), date.day) &&
         (text.take('T') || text.take('t') || text.take(' '));
}

bool take_offset(Scanner& text, CivilTime& time) {
  if (text.take('Z') || text.take('z')) {
    time.offset_minutes = 0;
    return true;
  }
  const bool west = text.take('-');
  if (!west && !text.take('+')) return true;
  int hours = 0, minutes = 0;
  if (!text.take(2, 0, 23, hours)) return false;
  text.take(':');
  if (!text.done() && !text.take(2, 0, 59, minutes)) return false;
  time.offset_minutes = (west ? -1 : 1) * (hours * 60 + minutes);
  return true;
}

}  // namespace

Expected<CivilTime> parse_civil_time(std::string_view text) {
  Scanner rest(text);
  CivilTime time;
  bool good = true;
  if (rest.starts_date()) good = take_date(rest, time.date.emplace());
  good =
      good && rest.take(2, 0, 23, time.hour) && rest.take(':') && rest.take(2, 0, 59, time.minute);
  if (good && rest.take(':')) good = rest.take(2, 0, 59, time.second);
  if (good && time.date) good = take_offset(rest, time);
  if (good && rest.done()) return time;
  return fail(fmt::format("'{}' is no time, such as 06:30 or 2026-11-27T06:30", text));
}

}  // namespace distaff
