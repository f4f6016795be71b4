// A cache that owns whatever it has ever made: every thumbnail lives as long as the program.
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

class Thumbnail {
 public:
  explicit Thumbnail(const std::string& file) : pixels_(64 * 64, static_cast<unsigned char>(file.size())) {}
  size_t size() const { return pixels_.size(); }

 private:
  std::vector<unsigned char> pixels_;
};

class ThumbnailCache {
 public:
  std::shared_ptr<Thumbnail> get(const std::string& file) {
    auto& entry = entries_[file];
    if (!entry) entry = std::make_shared<Thumbnail>(file);
    return entry;
  }
  size_t bytes() const {
    size_t sum = 0;
    for (const auto& [file, thumbnail] : entries_) sum += thumbnail->size();
    return sum;
  }

 private:
  std::map<std::string, std::shared_ptr<Thumbnail>> entries_;
};

ThumbnailCache g_cache;

int main() {
  for (int i = 0; i < 100; ++i) {
    const auto shown = g_cache.get("photo" + std::to_string(i) + ".jpg");  // shown for a moment, never again
  }
  std::cout << g_cache.bytes() << " bytes kept\n";
}
