#include "analyzer/image/dump_declared.h"

#include <numeric>

#include "analyzer/image/dump_records.h"

namespace reftally {

namespace {

bool in_pool(const Image& image, uint64_t offset, uint64_t length) {
  return offset <= image.strings.size() && length <= image.strings.size() - offset;
}

void expect_text(const Image& image, dump::StringRef ref, const RecordPlace& place) {
  place.expect(in_pool(image, ref.offset, ref.length), "a string inside the string pool");
}

void expect_stack(const Image& image, uint32_t stack, const RecordPlace& place) {
  place.expect(stack < image.stacks.size(), "a stack of section STKS");
}

void read_types(const DumpFile& file, Image& image) {
  for_each_record<dump::DeclaredType>(file, dump::kTagDeclaredTypes,
                                      [&](const dump::DeclaredType& type, const RecordPlace& place) {
                                        expect_text(image, type.name, place);
                                        expect_text(image, type.flavour, place);
                                        place.expect(type.module <= image.modules.size(), "a module of section MODS");
                                        image.declared.types.push_back(type);
                                      });
}

// Behind the native stacks, so that one StackId serves both. Returns the id of the first less one.
uint32_t read_call_stacks(const DumpFile& file, Image& image) {
  for_each_record<dump::DeclaredFrame>(file, dump::kTagDeclaredFrames,
                                       [&](const dump::DeclaredFrame& frame, const RecordPlace& place) {
                                         expect_text(image, frame.function, place);
                                         expect_text(image, frame.file, place);
                                         image.declared.frames.push_back(frame);
                                       });
  std::vector<uint64_t> place(image.declared.frames.size());
  std::iota(place.begin(), place.end(), kDeclaredFrame);
  for_each_record<dump::NativeFrame>(file, dump::kTagNativeFrames,
                                     [&](const dump::NativeFrame& frame, const RecordPlace& record) {
                                       record.expect(frame.frame < place.size(), "a frame of section DFRM");
                                       place[frame.frame] = frame.return_address & ~kDeclaredFrame;
                                     });
  const auto base = static_cast<uint32_t>(image.stacks.size() - 1);
  for_each_record<dump::DeclaredStackNode>(
      file, dump::kTagDeclaredStacks, [&](const dump::DeclaredStackNode& node, const RecordPlace& record) {
        record.expect(node.frame < image.declared.frames.size(), "a frame of section DFRM");
        record.expect(node.parent < image.stacks.size() - base, "an earlier node of section DSTK");
        image.stacks.push_back({place[node.frame], StackId{node.parent != 0 ? node.parent + base : 0}});
      });
  return base;
}

void read_collector(const DumpFile& file, Image& image) {
  for_each_record<dump::CollectorGeneration>(file, dump::kTagCollector,
                                             [&](const dump::CollectorGeneration& generation, const RecordPlace&) {
                                               image.declared.collector.push_back(generation);
                                             });
}

void read_allocator(const DumpFile& file, Image& image) {
  for_each_record<dump::CollectorPauses>(
      file, dump::kTagCollectorPauses,
      [&](const dump::CollectorPauses& pauses, const RecordPlace&) { image.declared.pauses.push_back(pauses); });
  for_each_record<dump::PoolRecord>(file, dump::kTagPools, [&](const dump::PoolRecord& pool, const RecordPlace& place) {
    place.expect(pool.live <= pool.capacity && pool.block_size != 0 &&
                     uint64_t{pool.block_size} * pool.capacity <= pool.pool_size,
                 "a pool that holds its blocks");
    image.declared.pools.push_back(pool);
  });
}

void read_objects(const DumpFile& file, Image& image) {
  const uint32_t stack_base = read_call_stacks(file, image);
  DeclaredFacts& declared = image.declared;
  for_each_record<dump::DeclaredObject>(file, dump::kTagDeclaredObjects,
                                        [&](dump::DeclaredObject object, const RecordPlace& place) {
                                          place.expect(object.type < declared.types.size(), "a type of section DTYP");
                                          expect_stack(image, object.birth_stack, place);
                                          if (object.call_stack != 0)
                                            object.birth_stack = stack_base + object.call_stack;
                                          expect_stack(image, object.birth_stack, place);
                                          declared.objects.push_back(object);
                                        });
}

void read_references(const DumpFile& file, Image& image) {
  DeclaredFacts& declared = image.declared;
  for_each_record<dump::DeclaredReference>(
      file, dump::kTagDeclaredReferences, [&](dump::DeclaredReference reference, const RecordPlace& place) {
        const size_t count = declared.objects.size();
        place.expect(reference.from < count && reference.to < count, "two objects of section DOBJ");
        const uint32_t length = reference.kind_and_length >> 8;
        place.expect(in_pool(image, reference.name_offset, length), "a name inside the string pool");
        const auto kind = static_cast<dump::LabelKind>(reference.kind_and_length & 0x7f);
        if (kind > dump::LabelKind::kWord) {  // of a newer minor version
          reference.kind_and_length = length << 8 | static_cast<uint32_t>(dump::LabelKind::kOpaque);
        }
        declared.references.push_back(reference);
      });
}

void read_roots(const DumpFile& file, Image& image) {
  DeclaredFacts& declared = image.declared;
  for_each_record<dump::DeclaredRoot>(
      file, dump::kTagDeclaredRoots, [&](dump::DeclaredRoot root, const RecordPlace& place) {
        place.expect(root.to < declared.objects.size(), "an object of section DOBJ");
        expect_text(image, root.name, place);
        const bool known = root.kind >= dump::RootKind::kStatic && root.kind <= dump::RootKind::kCallContext;
        if (!known) root.kind = dump::RootKind::kExternal;
        declared.roots.push_back(root);
      });
  for_each_record<dump::RootRegion>(
      file, dump::kTagRootRegions, [&](const dump::RootRegion& region, const RecordPlace& place) {
        place.expect(region.end >= region.begin, "a root region that ends after it begins");
        expect_text(image, region.name, place);
        declared.root_regions.push_back(region);
      });
  for_each_record<dump::KernelWord>(file, dump::kTagKernelWords, [&](const dump::KernelWord& word, const RecordPlace&) {
    declared.kernel_words.push_back(word);
  });
}

void read_names(const DumpFile& file, Image& image) {
  for_each_record<dump::DeclaredName>(
      file, dump::kTagDeclaredNames, [&](const dump::DeclaredName& name, const RecordPlace& place) {
        place.expect(name.object < image.declared.objects.size(), "an object of section DOBJ");
        expect_text(image, name.name, place);
        expect_text(image, name.file, place);
        image.declared.names.push_back(name);
      });
}

void read_expectations(const DumpFile& file, Image& image) {
  for_each_record<dump::Expectation>(file, dump::kTagExpectations,
                                     [&](const dump::Expectation& expectation, const RecordPlace& place) {
                                       expect_stack(image, expectation.stack, place);
                                       expect_text(image, expectation.reason, place);
                                       image.declared.expectations.push_back(expectation);
                                     });
}

void read_tallies(const DumpFile& file, Image& image) {
  for_each_record<dump::EventTally>(file, dump::kTagEventTallies,
                                    [&](const dump::EventTally& tally, const RecordPlace& place) {
                                      expect_stack(image, tally.stack, place);
                                      image.declared.tallies.push_back(tally);
                                    });
  for_each_record<dump::HistoryEvent>(file, dump::kTagHistory,
                                      [&](const dump::HistoryEvent& event, const RecordPlace& place) {
                                        expect_stack(image, event.stack, place);
                                        image.declared.history.push_back(event);
                                      });
  for_each_record<dump::GObjectType>(file, dump::kTagGObjectTypes,
                                     [&](const dump::GObjectType& type, const RecordPlace& place) {
                                       expect_text(image, type.name, place);
                                       image.declared.gobject_types.push_back(type);
                                     });
  for_each_record<dump::EventSummary>(
      file, dump::kTagEventSummary,
      [&](const dump::EventSummary& summary, const RecordPlace&) { image.declared.events = summary; });
}

void read_told(const DumpFile& file, Image& image) {
  DeclaredFacts& declared = image.declared;
  for_each_record<dump::ToldField>(file, dump::kTagToldFields,
                                   [&](const dump::ToldField& field, const RecordPlace& place) {
                                     expect_text(image, field.name, place);
                                     declared.told_fields.push_back(field);
                                   });
  for_each_record<dump::ToldType>(file, dump::kTagToldTypes, [&](const dump::ToldType& type, const RecordPlace& place) {
    expect_text(image, type.name, place);
    const size_t fields = declared.told_fields.size();
    place.expect(type.first_field <= fields && type.field_count <= fields - type.first_field, "fields of section TFLD");
    declared.told_types.push_back(type);
  });
  for_each_record<dump::ToldObject>(file, dump::kTagToldObjects,
                                    [&](const dump::ToldObject& object, const RecordPlace& place) {
                                      place.expect(object.type < declared.told_types.size(), "a type of section TTYP");
                                      declared.told_objects.push_back(object);
                                    });
  for_each_record<dump::ToldReference>(
      file, dump::kTagToldReferences, [&](const dump::ToldReference& reference, const RecordPlace& place) {
        place.expect(reference.object < declared.told_objects.size(), "an object of section TOBJ");
        expect_text(image, reference.name, place);
        declared.told_references.push_back(reference);
      });
  for_each_record<dump::MiniObjectType>(file, dump::kTagMiniObjects,
                                        [&](const dump::MiniObjectType& type, const RecordPlace& place) {
                                          expect_text(image, type.name, place);
                                          declared.mini_object_types.push_back(type);
                                        });
}

}  // namespace

void read_declared_facts(const DumpFile& file, Image& image) {
  read_types(file, image);
  read_objects(file, image);
  read_references(file, image);
  read_roots(file, image);
  read_names(file, image);
  read_expectations(file, image);
  read_tallies(file, image);
  read_told(file, image);
  read_collector(file, image);
  read_allocator(file, image);
}

}  // namespace reftally
