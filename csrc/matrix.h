// A weight matrix, packed for the kernels. The packed bytes are also the file format:
//
//   header, 64 bytes | for int8 and int4: one fp32 scale, then one int32 sum of the integers
//   per output | panels of 16 outputs each
//
// Every part is padded to 64 bytes, outputs to a multiple of 16 and, for int8 and int4, inputs to a
// multiple of 32, with zeros. An int8 weight is q s(output) with q in [-127, 127]; an int4 weight
// is q g s(output) with q in [-8, 7] and an integer g in [-127, 127] per 32 inputs. Both are
// integers times one scale, so a dot product with integer activations is exact until the final
// scaling.
#ifndef GPT2_MATRIX_H_
#define GPT2_MATRIX_H_

#include <cstddef>
#include <cstdint>

#include "buffer.h"
#include "kernels.h"
#include "quantize.h"
#include "threads.h"

namespace gpt2 {

// Numbers to pack: weight (output, input) is data[output * by_output + input * by_input].
struct Source {
  gpt2_dtype dtype;  // F32, F16, BF16
  const void* data;
  size_t by_output, by_input;
};

// Thrown if weights are NaN or infinite, or would be in the precision they are stored in.
struct NotFinite {
  const char* what = "values that are NaN or infinite";
};

// Converts n contiguous numbers to floats. May throw NotFinite.
void read_numbers(gpt2_dtype dtype, const void* data, size_t n, float* to);

class Matrix {
 public:
  Matrix() = default;
  // Packs; the threads of the pool share the panels. May throw NotFinite.
  Matrix(gpt2_dtype dtype, int outputs, int inputs, const Source& source, ThreadPool& pool,
         const Rounding& how = {});
  // The packed size in bytes.
  static size_t packed_size(gpt2_dtype dtype, int outputs, int inputs);
  // Uses packed bytes in place. Throws Error unless they are complete and of this shape.
  Matrix(const void* bytes, size_t size, int outputs, int inputs);

  explicit operator bool() const { return bytes_ != nullptr; }
  const uint8_t* bytes() const { return bytes_; }
  size_t size() const { return size_; }
  gpt2_dtype dtype() const { return dtype_; }
  bool integers() const { return dtype_ == GPT2_INT8 || dtype_ == GPT2_INT4; }
  int outputs() const { return outputs_; }
  int inputs() const { return inputs_; }
  int panels() const { return padded(outputs_, kLanes) / kLanes; }
  // The largest activation for which no result can overflow int32; 255 except for huge matrices.
  int limit() const { return limit_; }
  const float* scales() const { return scales_; }  // null for floats, like sums()
  const int32_t* sums() const { return sums_; }
  // Panels [first, first + count), as the kernels take them.
  Floats floats(int first, int count) const;
  Integers quantized(int first, int count) const;
  // The weights of one output as floats, [inputs]: for a token embedding.
  void row(int output, float* to) const;

 private:
  struct Header;
  void measure(gpt2_dtype dtype, int outputs, int inputs);
  void lay_out(const uint8_t* bytes);
  void fill(int panel, const Source& source, float* block) const;
  bool pack(int panel, const Source& source, float* block, const Rounding& how, int64_t* most);
  int64_t pack_panel(int panel, const float* block, const Rounding& how);
  bool stored_finite(int panel) const;

  gpt2_dtype dtype_ = GPT2_F32;
  int outputs_ = 0, inputs_ = 0, limit_ = 0;
  size_t size_ = 0, panel_bytes_ = 0;
  const uint8_t* bytes_ = nullptr;
  const float* scales_ = nullptr;
  const int32_t* sums_ = nullptr;
  const uint8_t* panels_ = nullptr;
  Buffer own_;
};

}  // namespace gpt2

#endif  // GPT2_MATRIX_H_
