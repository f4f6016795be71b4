// What of GStreamer 1's ABI these programs use: its headers may not be there.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

void gst_init(int* argc, char*** argv);
void* gst_buffer_new_allocate(void* allocator, size_t size, void* parameters);
void* gst_event_new_eos(void);
void* gst_caps_new_empty_simple(const char* media_type);
void* gst_mini_object_ref(void* object);
void gst_mini_object_unref(void* object);
int gst_mini_object_replace(void** place, void* object);
