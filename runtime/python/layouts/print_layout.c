/* Prints the row of layout.h for the CPython it is compiled with:
 *   cc -w -I INCLUDE -I INCLUDE/internal print_layout.c -o print_layout && ./print_layout > cpython-3.N.inc
 * where INCLUDE is the folder of Python.h of a -dev package. */
#define Py_BUILD_CORE 1
#include <Python.h>
#include <stddef.h>
#include <stdio.h>

#include <frameobject.h>
#include <internal/pycore_gc.h>
#include <internal/pycore_interp.h>
#include <internal/pycore_runtime.h>
#if PY_VERSION_HEX >= 0x030b0000
#include <internal/pycore_code.h>
#include <internal/pycore_dict.h>
#include <internal/pycore_frame.h>
#endif

#define MINOR PY_MINOR_VERSION
#define AT(type, field) ((long)offsetof(type, field))
#define SIZE_OF(type, field) ((long)sizeof(((type *)0)->field))

static void value(const char *name, long number) { printf(".%s = %ld,\n", name, number); }
static void field(const char *name, long offset) { printf("{%ld, 1, \"%s\"},\n", offset, name); }
static void fields(const char *name, long offset, long count) { printf("{%ld, %ld, \"%s\"},\n", offset, count, name); }
#define OBJECTS(name, type, member) fields(name, AT(type, member), SIZE_OF(type, member) / 8)

static void interpreter_fields(void) {
  puts("constexpr Field kInterpreterFields[] = {");
#define I(member) field(#member, AT(PyInterpreterState, member))
#if MINOR >= 12
  I(imports.modules); I(imports.modules_by_index); I(imports.importlib); I(imports.import_func); I(sysdict_copy);
#else
  I(modules); I(modules_by_index); I(importlib); I(import_func);
#endif
#if MINOR >= 13
  I(codecs.search_path); I(codecs.search_cache); I(codecs.error_registry);
#else
  I(codec_search_path); I(codec_search_cache); I(codec_error_registry);
#endif
  I(sysdict); I(builtins); I(dict); I(builtins_copy);
  I(before_forkers); I(after_forkers_parent); I(after_forkers_child);
  I(warnings.filters); I(warnings.once_registry); I(warnings.default_action);
  I(audit_hooks);
  I(gc.garbage); I(gc.callbacks);
#if MINOR <= 10
  OBJECTS("small_ints", PyInterpreterState, small_ints);
#endif
#if MINOR == 10
  I(exc_state.errnomap);
  I(unicode.empty_string); OBJECTS("unicode.latin1", PyInterpreterState, unicode.latin1);
  I(bytes.empty_string); OBJECTS("bytes.characters", PyInterpreterState, bytes.characters);
#endif
#if MINOR >= 10
  {
    long first = AT(struct ast_state, AST_type);
    fields("ast", AT(PyInterpreterState, ast) + first, ((long)sizeof(struct ast_state) - first) / 8);
  }
#endif
#if MINOR >= 11
  I(exc_state.errnomap); I(exc_state.PyExc_ExceptionGroup);
#endif
#if MINOR >= 12
  /* objreduce is borrowed from the dictionary of object */
  I(cached_objects.str_replace_inf); I(cached_objects.generic_type);
  I(cached_objects.typevar_type); I(cached_objects.typevartuple_type); I(cached_objects.paramspec_type);
  I(cached_objects.paramspecargs_type); I(cached_objects.paramspeckwargs_type);
#endif
  puts("};");
}

static void dead_fields(void) {
  puts("constexpr Field kDeadFields[] = {");
#if MINOR >= 13
  OBJECTS("free lists", PyInterpreterState, object_state.freelists);
#elif MINOR >= 10
  OBJECTS("float free list", PyInterpreterState, float_state);
  OBJECTS("list free list", PyInterpreterState, list);
  OBJECTS("dict free list", PyInterpreterState, dict_state);
  OBJECTS("tuple free list", PyInterpreterState, tuple);
  OBJECTS("async generator free list", PyInterpreterState, async_gen);
  OBJECTS("context free list", PyInterpreterState, context);
#if MINOR == 10
  OBJECTS("frame free list", PyInterpreterState, frame);
#endif
#endif
  puts("{0, 0, nullptr}};");
}

static void thread_fields(void) {
  puts("constexpr Field kThreadFields[] = {");
#define T(member) field(#member, AT(PyThreadState, member))
  T(c_profileobj); T(c_traceobj); T(dict); T(async_exc); T(async_gen_firstiter); T(async_gen_finalizer); T(context);
#if MINOR >= 12
  T(current_exception);
#else
  T(curexc_type); T(curexc_value); T(curexc_traceback);
#endif
#if MINOR <= 12
  T(on_delete_data);
#endif
#if MINOR <= 10
  T(exc_state.exc_type); T(exc_state.exc_traceback);
#endif
  T(exc_state.exc_value);
#if MINOR >= 13
  T(threading_local_key); T(threading_local_sentinel);
#endif
  puts("};");
}

static void code_fields(void) {
  puts("constexpr Field kCodeFields[] = {");
#define C(member) field(#member, AT(PyCodeObject, member))
  C(co_consts); C(co_names); C(co_filename); C(co_name);
#if MINOR <= 10
  C(co_code); C(co_varnames); C(co_freevars); C(co_cellvars);
#else
  C(co_exceptiontable); C(co_localsplusnames); C(co_localspluskinds); C(co_qualname);
#endif
#if MINOR == 9
  C(co_lnotab);
#else
  C(co_linetable);
#endif
#if MINOR == 11
  C(_co_code);
#endif
  puts("};");
}

static void function_fields(void) {
  puts("constexpr Field kFunctionFields[] = {");
#define F(member, name) field(name, AT(PyFunctionObject, member))
  F(func_globals, "__globals__"); F(func_name, "__name__"); F(func_qualname, "__qualname__"); F(func_code, "__code__");
  F(func_defaults, "__defaults__"); F(func_kwdefaults, "__kwdefaults__"); F(func_closure, "__closure__");
  F(func_doc, "__doc__"); F(func_dict, "__dict__"); F(func_module, "__module__");
  F(func_annotations, "__annotations__");
#if MINOR >= 10
  F(func_builtins, "__builtins__");
#endif
#if MINOR >= 12
  F(func_typeparams, "__type_params__");
#endif
  puts("};");
}

static void generator_fields(void) {  /* owned, but not visited by tp_traverse */
  puts("constexpr Field kGeneratorFields[] = {");
#define G(member, name) field(name, AT(PyGenObject, member))
  G(gi_name, "__name__"); G(gi_qualname, "__qualname__");
  puts("};");
}

static void frame_fields(void) {
  puts("constexpr Field kFrameFields[] = {");
#if MINOR <= 10
#define R(member, name) field(name, AT(PyFrameObject, member))
  R(f_back, "f_back"); R(f_code, "f_code"); R(f_builtins, "f_builtins"); R(f_globals, "f_globals");
  R(f_locals, "f_locals"); R(f_trace, "f_trace");
#else
#define R(member, name) field(name, AT(_PyInterpreterFrame, member))
#if MINOR == 11
  R(f_func, "f_func"); R(f_code, "f_code");
#elif MINOR == 12
  R(f_code, "f_code"); R(f_funcobj, "f_func");
#else
  R(f_executable, "f_code"); R(f_funcobj, "f_func");
#endif
  R(f_locals, "f_locals"); R(frame_obj, "frame");
#endif
  puts("};");
}

static void frame_values(void) {
#if MINOR <= 10
  value("frame_code", AT(PyFrameObject, f_code));
  value("frame_function", -1);
  value("frame_locals", AT(PyFrameObject, f_locals));
  value("frame_object", -1);
  value("frame_previous", AT(PyFrameObject, f_back));
  value("frame_instruction", AT(PyFrameObject, f_lasti));
#if MINOR == 9
  value("frame_stack_top", AT(PyFrameObject, f_stacktop));
#else
  value("frame_stack_top", AT(PyFrameObject, f_stackdepth));
#endif
  value("frame_owner", -1);
  value("frame_values", AT(PyFrameObject, f_localsplus));
  value("frame_line", AT(PyFrameObject, f_lineno));
  value("frame_globals", AT(PyFrameObject, f_globals));
#if MINOR == 9
  value("frame_block_count", AT(PyFrameObject, f_iblock));
  value("frame_executing", AT(PyFrameObject, f_executing));
  value("frame_last_block", AT(PyFrameObject, f_blockstack[CO_MAXBLOCKS - 1]));
#else
  value("frame_block_count", -1); value("frame_executing", -1); value("frame_last_block", -1);
#endif
  value("frame_object_frame", -1);
  value("thread_frame", AT(PyThreadState, frame));
  value("thread_frame_indirect", -1);
#else
#if MINOR == 11
  value("frame_code", AT(_PyInterpreterFrame, f_code));
  value("frame_function", AT(_PyInterpreterFrame, f_func));
#elif MINOR == 12
  value("frame_code", AT(_PyInterpreterFrame, f_code));
  value("frame_function", AT(_PyInterpreterFrame, f_funcobj));
#else
  value("frame_code", AT(_PyInterpreterFrame, f_executable));
  value("frame_function", AT(_PyInterpreterFrame, f_funcobj));
#endif
  value("frame_locals", AT(_PyInterpreterFrame, f_locals));
  value("frame_object", AT(_PyInterpreterFrame, frame_obj));
  value("frame_previous", AT(_PyInterpreterFrame, previous));
#if MINOR <= 12
  value("frame_instruction", AT(_PyInterpreterFrame, prev_instr));
#else
  value("frame_instruction", AT(_PyInterpreterFrame, instr_ptr));
#endif
  value("frame_stack_top", AT(_PyInterpreterFrame, stacktop));
  value("frame_owner", AT(_PyInterpreterFrame, owner));
  value("frame_values", AT(_PyInterpreterFrame, localsplus));
  value("frame_line", -1);
  value("frame_globals", AT(_PyInterpreterFrame, f_globals));
  value("frame_block_count", -1); value("frame_executing", -1); value("frame_last_block", -1);
  value("frame_object_frame", AT(PyFrameObject, f_frame));
#if MINOR <= 12
  value("thread_frame", AT(_PyCFrame, current_frame));
  value("thread_frame_indirect", AT(PyThreadState, cframe));
#else
  value("thread_frame", AT(PyThreadState, current_frame));
  value("thread_frame_indirect", -1);
#endif
#endif
}

static void code_values(void) {
  value("code_filename", AT(PyCodeObject, co_filename));
  value("code_name", AT(PyCodeObject, co_name));
#if MINOR <= 10
  value("code_qualname", -1);
  value("code_first_line", AT(PyCodeObject, co_firstlineno));
  value("code_names", AT(PyCodeObject, co_names));
  value("code_local_count", AT(PyCodeObject, co_nlocals));
  value("code_local_names", AT(PyCodeObject, co_varnames));
  value("code_cell_names", AT(PyCodeObject, co_cellvars));
  value("code_free_names", AT(PyCodeObject, co_freevars));
  value("code_stack_size", AT(PyCodeObject, co_stacksize));
  value("code_dead_frame", AT(PyCodeObject, co_zombieframe));
  value("code_flags", AT(PyCodeObject, co_flags));
  value("code_instructions", -1);
#else
  value("code_qualname", AT(PyCodeObject, co_qualname));
  value("code_first_line", AT(PyCodeObject, co_firstlineno));
  value("code_names", AT(PyCodeObject, co_names));
  value("code_local_count", AT(PyCodeObject, co_nlocalsplus));
  value("code_local_names", AT(PyCodeObject, co_localsplusnames));
  value("code_cell_names", -1);
  value("code_free_names", -1);
  value("code_stack_size", AT(PyCodeObject, co_stacksize));
  value("code_dead_frame", -1);
  value("code_flags", AT(PyCodeObject, co_flags));
  value("code_instructions", AT(PyCodeObject, co_code_adaptive));
#endif
}

static void generator_values(void) {
#if MINOR <= 10
  value("generator_frame", -1);
  value("generator_frame_pointer", AT(PyGenObject, gi_frame));
  value("generator_state", -1);
  value("generator_code", AT(PyGenObject, gi_code));
#else
  value("generator_frame", AT(PyGenObject, gi_iframe));
  value("generator_frame_pointer", -1);
  value("generator_state", AT(PyGenObject, gi_frame_state));
#if MINOR == 11
  value("generator_code", AT(PyGenObject, gi_code));
#else
  value("generator_code", -1);
#endif
#endif
  value("generator_name", AT(PyGenObject, gi_name));
  value("generator_qualname", AT(PyGenObject, gi_qualname));
#if MINOR <= 10
  value("generator_origin", AT(PyCoroObject, cr_origin));
#else
  value("generator_origin", AT(PyCoroObject, cr_origin_or_finalizer));
#endif
}

static void interpreter_values(void) {
  value("interpreter_size", sizeof(PyInterpreterState));
  value("thread_size", sizeof(PyThreadState));
  value("type_size", sizeof(PyTypeObject));
  value("heap_type_size", sizeof(PyHeapTypeObject));
  value("dict_size", sizeof(PyDictObject));
  value("function_size", sizeof(PyFunctionObject));
#if MINOR <= 10
  value("generator_size", sizeof(PyGenObject));
#else /* the frame lies inside, without its values */
  value("generator_size", AT(PyGenObject, gi_iframe) + AT(_PyInterpreterFrame, localsplus));
#endif
  value("gc_enabled", AT(PyInterpreterState, gc.enabled));
  value("gc_generations", AT(PyInterpreterState, gc.generations));
  value("gc_permanent", AT(PyInterpreterState, gc.permanent_generation));
  value("gc_garbage", AT(PyInterpreterState, gc.garbage));
  value("gc_callbacks", AT(PyInterpreterState, gc.callbacks));
  value("gc_stats", AT(PyInterpreterState, gc.generation_stats));
#if MINOR == 9
  value("method_cache", -1);
  value("method_cache_size", 0);
  value("unicode_ids", -1);
  value("atexit_callbacks", -1);
  value("atexit_count", -1);
#else
#if MINOR <= 11
  value("method_cache", AT(PyInterpreterState, type_cache.hashtable));
#else
  value("method_cache", AT(PyInterpreterState, types.type_cache.hashtable));
#endif
  value("method_cache_size", 1 << MCACHE_SIZE_EXP);
  value("unicode_ids", AT(PyInterpreterState, unicode.ids));
  value("atexit_callbacks", AT(PyInterpreterState, atexit.callbacks));
  value("atexit_count", AT(PyInterpreterState, atexit.ncallbacks));
#endif
}

static void type_and_dict_values(void) {
#if MINOR == 12
  value("static_types", AT(PyInterpreterState, types.builtins));
  value("static_extension_types", -1);
  value("static_type_size", sizeof(static_builtin_state));
  value("static_type_count", SIZE_OF(PyInterpreterState, types.builtins) / sizeof(static_builtin_state));
  value("static_type_subclasses", AT(static_builtin_state, tp_subclasses));
#elif MINOR >= 13
  value("static_types", AT(PyInterpreterState, types.builtins.initialized));
  value("static_extension_types", AT(PyInterpreterState, types.for_extensions.initialized));
  value("static_type_size", sizeof(managed_static_type_state));
  value("static_type_count",
        SIZE_OF(PyInterpreterState, types.builtins.initialized) / sizeof(managed_static_type_state));
  value("static_type_subclasses", AT(managed_static_type_state, tp_subclasses));
#else
  value("static_types", -1);
  value("static_extension_types", -1);
  value("static_type_size", -1);
  value("static_type_count", 0);
  value("static_type_subclasses", -1);
#endif
  value("ht_name", AT(PyHeapTypeObject, ht_name));
  value("ht_slots", AT(PyHeapTypeObject, ht_slots));
  value("ht_qualname", AT(PyHeapTypeObject, ht_qualname));
  value("ht_cached_keys", AT(PyHeapTypeObject, ht_cached_keys));
  value("ht_module", AT(PyHeapTypeObject, ht_module));
#if MINOR <= 10 /* Objects/dict-common.h, not installed: refcnt, size, lookup, usable, nentries, indices */
  value("keys_size", 8);
  value("keys_log2_index_bytes", -1);
  value("keys_kind", -1);
  value("keys_usable", 24);
  value("keys_count", 32);
  value("keys_indices", 40);
#else
  value("keys_size", -1);
  value("keys_log2_index_bytes", AT(PyDictKeysObject, dk_log2_index_bytes));
  value("keys_kind", AT(PyDictKeysObject, dk_kind));
  value("keys_usable", AT(PyDictKeysObject, dk_usable));
  value("keys_count", AT(PyDictKeysObject, dk_nentries));
  value("keys_indices", AT(PyDictKeysObject, dk_indices));
#endif
}

int main(void) {
  printf("// Printed by print_layout.c from the headers of CPython %s. Do not edit.\nnamespace cpython_3_%d {\n",
         PY_VERSION, MINOR);
  interpreter_fields();
  dead_fields();
  thread_fields();
  code_fields();
  function_fields();
  generator_fields();
  frame_fields();
  puts("constexpr Layout kLayout = {");
  value("minor", MINOR);
  interpreter_values();
  type_and_dict_values();
  code_values();
  frame_values();
  value("thread_id", AT(PyThreadState, thread_id));
#if MINOR >= 11
  value("thread_native_id", AT(PyThreadState, native_thread_id));
#else
  value("thread_native_id", -1);
#endif
  value("thread_next", AT(PyThreadState, next));
#if MINOR >= 11
  value("thread_stack_top", AT(PyThreadState, datastack_top));
  value("thread_stack_limit", AT(PyThreadState, datastack_limit));
#else
  value("thread_stack_top", -1);
  value("thread_stack_limit", -1);
#endif
  generator_values();
  value("function_code", AT(PyFunctionObject, func_code));
  value("function_name", AT(PyFunctionObject, func_name));
  value("function_qualname", AT(PyFunctionObject, func_qualname));
  value("function_module", AT(PyFunctionObject, func_module));
#if MINOR >= 12
  value("cached_code", AT(PyCodeObject, _co_cached));
#else
  value("cached_code", -1);
#endif
  puts(".interpreter_fields = {std::begin(kInterpreterFields), std::end(kInterpreterFields)},");
  puts(".dead_fields = {std::begin(kDeadFields), std::end(kDeadFields)},");
  puts(".thread_fields = {std::begin(kThreadFields), std::end(kThreadFields)},");
  puts(".code_fields = {std::begin(kCodeFields), std::end(kCodeFields)},");
  puts(".function_fields = {std::begin(kFunctionFields), std::end(kFunctionFields)},");
  puts(".generator_fields = {std::begin(kGeneratorFields), std::end(kGeneratorFields)},");
  puts(".frame_fields = {std::begin(kFrameFields), std::end(kFrameFields)},");
  printf("};\n}  // namespace cpython_3_%d\n", MINOR);
  return 0;
}
