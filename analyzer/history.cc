#include "analyzer/history.h"

namespace reftally {

SnapshotState snapshot_state(const Image& image, const Heap& heap) {
  SnapshotState state;
  state.file = image.source;
  state.pid = image.process.pid;
  state.nanoseconds = image.process.snapshot_time_ns - image.process.start_time_ns;
  std::vector<Tally> by_type(heap.types.size());
  for (uint32_t i = 0; i < heap.object_count(); i++) {
    Tally& tally = by_type[index(heap.type[i])];
    tally.objects++;
    tally.bytes += heap.size[i];
    state.objects.objects++;
    state.objects.bytes += heap.size[i];
  }
  for (uint32_t type = 0; type < by_type.size(); type++) {
    if (by_type[type].objects == 0) continue;
    Tally& tally = state.types[std::string(heap.text(heap.types[type].name))];
    tally.objects += by_type[type].objects;
    tally.bytes += by_type[type].bytes;
  }
  if (has_interpreter(image)) state.interpreter = interpreter_state(image, heap);
  return state;
}

}  // namespace reftally
