// Births as pprof reads them (profile.proto, gzipped) and as folded stacks: the call stacks with the most bytes, and
// one without frames for the rest.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "reports/escape.h"
#include "reports/names.h"
#include "reports/packed.h"
#include "reports/renderers.h"

namespace reftally {
namespace {

// Field numbers of profile.proto.
enum ProfileField {
  kSampleType = 1,
  kSample = 2,
  kLocation = 4,
  kFunction = 5,
  kStringTable = 6,
  kDefaultSampleType = 14
};
enum ValueTypeField { kType = 1, kUnit = 2 };
enum SampleField { kLocationId = 1, kValue = 2 };
enum LocationField { kLocationNumber = 1, kLine = 4 };
enum LineField { kFunctionId = 1, kLineNumber = 2 };
enum FunctionField { kFunctionNumber = 1, kName = 2, kSystemName = 3, kFilename = 4 };

class Message {
 public:
  Message& number(int field, uint64_t value) {
    varint(static_cast<uint64_t>(field) << 3);
    varint(value);
    return *this;
  }
  Message& bytes(int field, std::string_view value) {
    varint(static_cast<uint64_t>(field) << 3 | 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Message& message(int field, const Message& value) { return bytes(field, value.bytes_); }
  Message& packed(int field, const std::vector<uint64_t>& values) {
    Message inner;
    for (uint64_t value : values) inner.varint(value);
    return bytes(field, inner.bytes_);
  }
  const std::string& str() const { return bytes_; }

 private:
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }
  std::string bytes_;
};

class Profile {
 public:
  std::string run(const ReportOverview& overview) {
    for (const auto& [type, unit] :
         {std::pair("objects", "count"), std::pair("space", "bytes"), std::pair("retained", "bytes")})
      profile_.message(kSampleType, Message().number(kType, string(type)).number(kUnit, string(unit)));
    for (const ReportBirth& birth : overview.births) {
      std::vector<uint64_t> locations;
      for (const ReportFrame& frame : birth.frames) locations.push_back(location(frame));
      if (locations.empty()) locations.push_back(location({"(unknown or left out)", "", "", 0}));
      profile_.message(
          kSample,
          Message().packed(kLocationId, locations).packed(kValue, {birth.count, birth.bytes, birth.retained_bytes}));
    }
    profile_.number(kDefaultSampleType, string("space"));
    for (const std::string& text : strings_) profile_.bytes(kStringTable, text);
    return gzip(profile_.str());
  }

 private:
  uint64_t string(const std::string& text) {
    const auto [found, fresh] = string_ids_.try_emplace(text, strings_.size());
    if (fresh) strings_.push_back(text);
    return found->second;
  }

  uint64_t function(const ReportFrame& frame) {
    const auto [found, fresh] = functions_.try_emplace(frame.function + '\n' + frame.file, functions_.size() + 1);
    if (fresh)
      profile_.message(kFunction,
                       Message()
                           .number(kFunctionNumber, found->second)
                           .number(kName, string(short_function(frame.function)))
                           .number(kSystemName, string(printable(cut(frame.function, 4000))))
                           .number(kFilename, string(printable(frame.file.empty() ? frame.module : frame.file))));
    return found->second;
  }

  uint64_t location(const ReportFrame& frame) {
    const uint64_t id = function(frame);
    const auto [found, fresh] = locations_.try_emplace(std::pair(id, frame.line), locations_.size() + 1);
    if (fresh)
      profile_.message(kLocation,
                       Message()
                           .number(kLocationNumber, found->second)
                           .message(kLine, Message().number(kFunctionId, id).number(kLineNumber, frame.line)));
    return found->second;
  }

  Message profile_;
  std::vector<std::string> strings_{""};
  std::map<std::string, uint64_t> string_ids_{{"", 0}}, functions_;
  std::map<std::pair<uint64_t, uint32_t>, uint64_t> locations_;
};

std::string folded_frame(const ReportFrame& frame) {
  std::string text = frame_text(frame);
  std::replace(text.begin(), text.end(), ';', ',');
  return text;
}

}  // namespace

std::string render_pprof(const Report& report, const RenderOptions&) { return Profile().run(report.overview.value()); }

std::string render_folded(const Report& report, const RenderOptions&) {
  std::string lines;
  for (const ReportBirth& birth : report.overview.value().births) {
    std::string stack;
    for (size_t i = birth.frames.size(); i-- > 0;) stack += folded_frame(birth.frames[i]) + (i == 0 ? "" : ";");
    lines += fmt::format("{} {}\n", stack.empty() ? "(unknown or left out)" : stack, birth.bytes);
  }
  return lines;
}

}  // namespace reftally
