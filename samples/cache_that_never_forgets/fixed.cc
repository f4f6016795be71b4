// A cache that finds what somebody still shows, and owns only the few it showed last.
#include <iostream>
#include <list>
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
    auto thumbnail = known_[file].lock();
    if (!thumbnail) known_[file] = thumbnail = std::make_shared<Thumbnail>(file);
    remember(thumbnail);
    return thumbnail;
  }
  size_t bytes() const {
    size_t sum = 0;
    for (const auto& thumbnail : recent_) sum += thumbnail->size();
    return sum;
  }

 private:
  static constexpr size_t kRecent = 8;

  void remember(std::shared_ptr<Thumbnail> thumbnail) {
    recent_.remove(thumbnail);
    recent_.push_front(std::move(thumbnail));
    if (recent_.size() <= kRecent) return;
    recent_.pop_back();
    std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
  }

  std::map<std::string, std::weak_ptr<Thumbnail>> known_;
  std::list<std::shared_ptr<Thumbnail>> recent_;
};

ThumbnailCache g_cache;

int main() {
  for (int i = 0; i < 100; ++i) {
    const auto shown = g_cache.get("photo" + std::to_string(i) + ".jpg");
  }
  std::cout << g_cache.bytes() << " bytes kept\n";
}
