// What the core needs in WebAssembly in addition to its own sources: zig's C++ library for WASI is
// built without exceptions, and a page cannot pass function pointers.
#include <cstdlib>
#include <new>

#include "../gpt2.h"

// The tag of C++ exceptions, which the unwinder refers to and no library defines.
__asm__(
    ".tagtype __cpp_exception i32\n"
    ".globl __cpp_exception\n"
    "__cpp_exception:\n");

void* operator new(size_t size) {
  if (void* memory = std::malloc(size ? size : 1)) return memory;
  throw std::bad_alloc();
}
void* operator new(size_t size, std::align_val_t alignment) {
  const size_t unit = static_cast<size_t>(alignment);
  if (void* memory = std::aligned_alloc(unit, (size + unit - 1) / unit * unit)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

// The page's function, as a gpt2_tap for gpt2_engine_tap.
extern "C" {
__attribute__((import_module("page"), import_name("tap"))) int page_tap(void*, const gpt2_point*);
static int tap(void* context, const gpt2_point* point) { return page_tap(context, point); }
__attribute__((export_name("page_tap_address"))) gpt2_tap page_tap_address() { return tap; }
}
