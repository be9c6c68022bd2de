// What a schedule's expression means, whatever syntax it was written in; and how to make a schedule of it.
#pragma once

#include <nines/push.h>

#include <array>
#include <bitset>
#include <string>
#include <string_view>

namespace date {
class time_zone;
}

namespace nines {

/// The fields of a local time that a schedule allows. Bit n stands for n.
struct JobSchedule::Rule {
  std::bitset<60> seconds;
  std::bitset<60> minutes;
  std::bitset<24> hours;
  std::bitset<32> days;                        ///< of the month, from 1
  std::bitset<32> days_from_end;               ///< 1 is the last day of the month
  bool last_working_day = false;               ///< of the month, from Monday to Friday
  std::bitset<13> months;                      ///< from 1
  std::bitset<8> weekdays;                     ///< 0 is Sunday, 6 Saturday
  std::bitset<7> last_weekdays;                ///< the last of them in the month
  std::array<std::bitset<7>, 6> nth_weekdays;  ///< [n]: the n-th of them in the month, from 1
  int first_year = 0;
  int last_year = 9'999;
  int year_step = 1;
  bool either_day = false;  ///< day of month or day of week; else both
  bool wildcard = false;    ///< follows elapsed time through clock changes
  const date::time_zone* zone = nullptr;
};

/// What the parsers share.
struct JobScheduleParts {
  using Rule = JobSchedule::Rule;
  /// UTC when `name` is empty; `invalid_argument` when there is no such zone. Reads the zone database: from the disk
  /// the first time.
  [[nodiscard]] static Result<const date::time_zone*> find_zone(std::string_view name);
  /// `invalid_argument` when the rule has no time in any year: `key` and `expression` are what the message names.
  [[nodiscard]] static Result<JobSchedule> make(Rule rule, std::string_view key, std::string_view expression);
};

}  // namespace nines
