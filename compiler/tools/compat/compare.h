// What is different between two contracts, and whom it hurts.
//
//   for (const Change& each : compare(kept, now)) {
//     if (!each.row().wire) ...     // processes of both versions cannot talk about this
//   }
//
// Which kinds of change there are, and what each means, stands in changes.def.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <llvm/ADT/ArrayRef.h>

#include "tools/compat/contract.h"

namespace otpc::tools {

enum class ChangeId : std::uint8_t {
#define OTP_CHANGE(id, wire, source, what) id,
#include "tools/compat/changes.def"
#undef OTP_CHANGE
};

struct ChangeRow {
  const char* name;
  bool wire;
  bool source;
  const char* what;
};
const ChangeRow& row(ChangeId id);

struct Change {
  ChangeId id;
  std::string part;  ///< "Cart.add.line"
  std::string text;  ///< "is of type `u32`, not `string`"
  Place before;
  Place after;
  source::Span span;  ///< of the part now, or of what it was part of
  std::string comes;  ///< the kind of a part that is new
  std::string goes;   ///< of one that is gone
};

/// In the order of the new contract; what is gone stands behind what is there.
std::vector<Change> compare(const Contract& before, const Contract& after);
/// The same of many modules, which are told apart by their names; one and one are always compared.
std::vector<Change> compare(const std::vector<Contract>& before,
                            const std::vector<Contract>& after);

std::string to_text(const std::vector<Change>& changes);
std::string to_json(const std::vector<Change>& changes);

}  // namespace otpc::tools
