/* A status page in a hundred lines: one HTML file of every server's last 24 hours, 48 bars each, without a script.
 *
 *   cc status_page.c $(pkg-config --cflags --libs nines) -o status_page && ./status_page nines.db > status.html */
#include <math.h>
#include <nines/nines.h>
#include <stdio.h>

static nines_error error;

static int give_up(const char* what) {
  fprintf(stderr, "status_page: %s: %s\n", what, error.message);
  return 1;
}

/* Names come from whoever names servers. */
static void print_escaped(const char* text) {
  for (; *text != '\0'; ++text) {
    switch (*text) {
      case '&':
        fputs("&amp;", stdout);
        break;
      case '<':
        fputs("&lt;", stdout);
        break;
      case '"':
        fputs("&quot;", stdout);
        break;
      default:
        putchar(*text);
    }
  }
}

/* Rounded down: 100 % means that there was no downtime at all. */
static void print_percent(double ratio) {
  if (isnan(ratio)) {
    fputs("-", stdout);
  } else {
    printf("%.2f&nbsp;%%", floor(ratio * 10000) / 100);
  }
}

static const char* colour_of(const nines_bar* bar) {
  if (bar->time_ms[NINES_DOWN] > 0) return "#c0392b";
  if (bar->time_ms[NINES_DEGRADED] > 0) return "#e67e22";
  if (bar->time_ms[NINES_MAINTENANCE] > 0) return "#2980b9";
  return bar->time_ms[NINES_UP] > 0 ? "#27ae60" : "#bdc3c7";
}

static int print_row(const nines_dashboard* board, size_t row) {
  nines_figures figures = NINES_INIT(nines_figures);
  if (nines_dashboard_figures(board, row, &figures, &error) != NINES_OK) return give_up("reading a row");
  fputs("<tr><th scope=\"row\">", stdout);
  print_escaped(nines_dashboard_name(board, row));
  printf("</th><td>%s</td><td>", nines_state_name(figures.state));
  print_percent(figures.uptime_ratio);
  fputs("</td><td><svg width=\"288\" height=\"20\" role=\"img\">", stdout);
  for (size_t i = 0; i < nines_dashboard_bar_count(board, row); ++i) {
    nines_bar bar = NINES_INIT(nines_bar);
    if (nines_dashboard_bar(board, row, i, &bar, &error) != NINES_OK) return give_up("reading a bar");
    printf("<rect x=\"%zu\" width=\"5\" height=\"20\" fill=\"%s\"/>", 6 * i, colour_of(&bar));
  }
  puts("</svg></td></tr>");
  return 0;
}

int main(int argc, char** argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: status_page STORE > FILE.html\n");
    return 2;
  }
  nines_store* store = NULL;
  if (nines_open_read_only(argv[1], NULL, &store, &error) != NINES_OK) return give_up("opening the store");
  nines_query query = NINES_INIT(nines_query);
  query.now_ms = query.to_ms = nines_now_ms();
  query.from_ms = query.to_ms - 86400000;
  nines_dashboard_options options = NINES_INIT(nines_dashboard_options);
  options.bars = 48;
  options.sort = NINES_WORST_FIRST;
  nines_dashboard* board = NULL;
  if (nines_ask_dashboard(store, &query, &options, &board, &error) != NINES_OK) return give_up("asking");
  puts("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Status</title><table>");
  puts("<tr><th>Server</th><th>State</th><th>24 hours</th><th></th></tr>");
  int failed = 0;
  for (size_t row = 0; row < nines_dashboard_count(board) && !failed; ++row) failed = print_row(board, row);
  puts("</table></html>");
  nines_dashboard_free(board);
  return nines_close(store, &error) == NINES_OK ? failed : give_up("closing");
}
