// One self-contained page. Its program is in web/; its data is packed JSON in base64, so that no name that a program
// gives its types can end it. Where scripts do not run, the text report stands instead.
#include <fmt/format.h>

#include "reports/escape.h"
#include "reports/names.h"
#include "reports/packed.h"
#include "reports/page_data.h"
#include "reports/picture.h"
#include "reports/renderers.h"
#include "reports/web_files.h"

namespace reftally {
namespace {

std::string text_instead(const Report& report) { return escape_html_lines(render_text(report, {})); }

std::string data_of(const Report& report) {
  return fmt::format("<noscript><pre>{}</pre></noscript>\n<script type=\"text/plain\" id=\"data\">{}</script>",
                     text_instead(report), base64(gzip(page_data(report))));
}

}  // namespace

// Nothing is fetched from anywhere, by rule.
std::string html_page(const std::string& title, const std::string& connect, const std::string& body) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "script-src 'unsafe-inline'; connect-src {}; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n"
      "<style>\n:root {{ {} }}\n@media screen {{ :root[data-theme=dark] {{ {} }} }}\n"
      "@media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{ {} }} }}\n"
      "{}\n{}</style>\n</head>\n"
      "<body>\n<div id=\"app\"></div>\n{}\n<script>\n{}\n</script>\n</body>\n</html>\n",
      connect, escape_html(title), kPictureLight, kPictureDark, kPictureDark, kPictureRules, kPageStyle, body,
      kPageScript);
}

std::string render_html(const Report& report, const RenderOptions&) {
  return html_page("Reftally: " + base_name(report.executable), "'none'", data_of(report));
}

std::string render_page_to_walk(const Report& report) {
  return html_page("Reftally: " + base_name(report.executable), "'self'",
                   "<i id=\"walk\" hidden></i>\n" + data_of(report));
}

}  // namespace reftally
