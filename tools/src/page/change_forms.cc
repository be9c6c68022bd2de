#include "page/change_forms.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "exchange/by_hand.h"
#include "show/state_text.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

constexpr std::size_t kMostChanges = 20;
constexpr std::size_t kMostOutages = 50;

// A form that is sent to `what` of the server, and comes back to its page.
Html form(const ServerPage& page, const Frame& frame, const char* what, const Html& fields) {
  return html("<form method=\"post\" action=\"{}/api/v1/servers/{}/{}\">", frame.base, url_encode(page.server->name),
              what) +
         fields + html("</form>");
}

Html reason(const char* placeholder, bool required) {
  return html("<label>Reason <input name=\"note\" maxlength=\"200\" placeholder=\"{}\"{}></label>", placeholder,
              required ? html(" required") : Html());
}

// The times of a form are those of this zone: the page's, or the reader's own once the script has said so.
Html zone_of(const ServerPage& page) {
  const std::string name(page.question.zone.name());
  return html("<input type=\"hidden\" name=\"tz\" value=\"{0}\"{1}><span class=\"mute\" data-zone>{0}</span>", name,
              page.question.zone_asked ? Html() : html(" data-own"));
}

Html moment_field(const char* label, const char* name, bool required) {
  return html("<label>{} <input type=\"datetime-local\" name=\"{}\" step=\"1\"{}></label>", label, name,
              required ? html(" required") : Html());
}

Html pause_form(const ServerPage& page, const Frame& frame) {
  const bool paused = is_paused(*page.server, page.question.query.now);
  return html("<details><summary>{}</summary>", paused ? "Resume checks" : "Pause checks") +
         form(page, frame, paused ? "resume" : "pause",
              reason(paused ? "moved" : "being moved", false) +
                  html("<button>{}</button>", paused ? "Resume" : "Pause")) +
         html("</details>");
}

Html maintenance_form(const ServerPage& page, const Frame& frame) {
  const auto& entries = page.server->maintenance;
  const bool under_way = std::any_of(entries.begin(), entries.end(), [&](const Maintenance& entry) {
    return entry.repeat == Maintenance::Repeat::once && entry.once.contains(page.question.query.now);
  });
  Html out = html("<details><summary>Maintenance</summary>");
  if (under_way) {
    out += form(
        page, frame, "maintenance/end",
        html("<p>A maintenance is under way.</p>") + reason("done early", false) + html("<button>End it now</button>"));
  }
  return out +
         form(page, frame, "maintenance",
              moment_field("From (now, if empty)", "from", false) + zone_of(page) +
                  html("<label>For <input name=\"for\" value=\"1h\" size=\"6\" required pattern=\"[0-9.]+[a-z]+.*\" "
                       "title=\"a time like 30m, 2h or 1d\"></label>") +
                  reason("new disks", false) + html("<button>Plan</button>")) +
         html("</details>");
}

Html correction_form(const ServerPage& page, const Frame& frame) {
  Html states;
  for (const State state : {State::up, State::degraded, State::down, State::maintenance, State::unknown}) {
    states += html("<option>{}</option>", word(state));
  }
  return html("<details><summary>Correct the past</summary>") +
         form(page, frame, "corrections",
              moment_field("From", "from", true) + moment_field("To", "to", true) + zone_of(page) +
                  html("<label>counts as <select name=\"as\">") + states +
                  html("<option value=\"measured\">measured</option></select></label>") +
                  reason("the monitor's own network was down", true) + html("<button>Correct</button>")) +
         html("</details>");
}

Html remark_form(const ServerPage& page, const Frame& frame) {
  const auto& incidents = page.figures->incidents;
  if (incidents.empty()) return {};
  Html outages;
  std::size_t shown = 0;
  for (auto each = incidents.rbegin(); each != incidents.rend() && shown < kMostOutages; ++each, ++shown) {
    outages +=
        html("<option value=\"{}\">{}{}</option>", format_time(each->from), each->ongoing() ? "under way since " : "",
             moment_text(from_ms(to_ms(each->from) / 1000 * 1000), page.question.zone));
  }
  return html("<details{}><summary>Acknowledge an outage, or say something of it</summary>",
              incidents.back().ongoing() ? html(" class=\"urgent\"") : Html()) +
         form(page, frame, "annotations",
              html("<label>Outage <select name=\"at\">") + outages +
                  html("</select></label><label>Text <input name=\"text\" maxlength=\"800\" "
                       "placeholder=\"the provider is on it\"></label>"
                       "<button name=\"kind\" value=\"acknowledged\">Acknowledge</button>"
                       "<button name=\"kind\" value=\"note\">Note</button>")) +
         html("</details>");
}

Html list_of(const ServerPage& page) {
  const auto& said = page.server->annotations;
  Html rows;
  std::size_t shown = 0;
  for (auto each = said.rbegin(); each != said.rend() && shown < kMostChanges; ++each) {
    if (each->kind != Annotation::Kind::change) continue;
    ++shown;
    rows += html("<li>") + moment(each->made_at, page.question.zone, "seconds") +
            html(" {} <span class=\"mute\">{}</span></li>", each->text,
                 each->author.empty() ? std::string() : "by " + each->author);
  }
  return rows.empty() ? Html() : html("<ul class=\"changes\">") + rows + html("</ul>");
}

}  // namespace

Html changes_of(const ServerPage& page, const Frame& frame) {
  const Html list = list_of(page);
  if (!frame.may_change) return list.empty() ? Html() : html("<h2>Changed by hand</h2>") + list;
  return html("<h2 id=\"change\">By hand</h2><div class=\"by-hand\">") + remark_form(page, frame) +
         maintenance_form(page, frame) + correction_form(page, frame) + pause_form(page, frame) + html("</div>") + list;
}

}  // namespace nines::tools
