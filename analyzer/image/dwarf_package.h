// Split DWARF packages (.dwp; DWARF 5, section 7.3.5). libdw 0.188 reads .dwo files only, which it looks for beside the
// file that names them. So a package is laid out as .dwo files in a temporary folder, beside a link to that file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analyzer/image/module_files.h"

namespace reftally {

class UnpackedPackage {
 public:
  // The package that belongs to `file` ("FILE.dwp"), looked for beside it and in `folders`; nullptr when there is none,
  // or nothing in it belongs to `file`.
  static std::unique_ptr<UnpackedPackage> open(const ElfFile& file, const std::vector<std::string>& folders);
  ~UnpackedPackage();
  UnpackedPackage(const UnpackedPackage&) = delete;
  UnpackedPackage& operator=(const UnpackedPackage&) = delete;

  Elf* elf() const { return link_->elf(); }  // the file, by its name in the temporary folder

 private:
  UnpackedPackage() = default;

  std::string folder_;
  std::unique_ptr<ElfFile> link_;
};

}  // namespace reftally
