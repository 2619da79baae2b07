#include "driver/commands.h"
#include "ir/ir.h"

namespace otpc::driver {

Exit intermediate_representation(const Input& input, Streams streams) {
  FrontEnd front_end(input, streams);
  const std::unique_ptr<model::Program> program = front_end.program();
  const Exit status = front_end.report();
  if (program != nullptr) ir::write(*program, front_end.ir_options(), streams.out);
  return status;
}

}  // namespace otpc::driver
