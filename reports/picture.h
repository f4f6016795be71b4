// The picture of a finding, by Graphviz, with a simpler one to fall back on.
#pragma once

#include <string>
#include <vector>

#include "reports/graphviz.h"
#include "reports/report.h"

namespace reftally {

struct Picture {
  std::string svg;  // the <svg> element, without prologue; empty when there is no picture
  double width = 0, height = 0;
};

// The first of these graphs that Graphviz can draw in time.
Picture svg_of_dot(Graphviz& graphviz, const std::vector<std::string>& dots);
Picture svg_of_finding(Graphviz& graphviz, const ReportFinding& finding, bool with_caption);

// What a page or a file needs to show pictures in light and dark: rules that read variables, and the variables.
extern const char kPictureRules[], kPictureLight[], kPictureDark[];

// Pictures one below the other as a file that follows its reader's light or dark; `last` is a line of text below.
std::string svg_file(const Report& report, const std::vector<Picture>& pictures, const std::string& last);

// The finding with its cycle or path only, for when the whole cannot be laid out in time.
ReportFinding core_of(const ReportFinding& finding);

}  // namespace reftally
