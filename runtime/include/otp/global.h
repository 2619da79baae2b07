// global: names that are the same everywhere. On one node they are one more set of names, beside
// the local ones and without their atoms.
//
//   auto leader = election::Leader::start_link({}, {.via = otp::global::via("leader")});
//   election::Leader{otp::global::via("leader")}.vote();
//   otp::global::register_name("printer", pid);                  // any process
//
// A name goes with its process. Process only. Source: global(3).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <otp/process.h>
#include <otp/via.h>

namespace otp::global {

Via via(const std::string& name);
/// False when the name is taken.
bool register_name(const std::string& name, Pid pid);
void unregister_name(const std::string& name);
std::optional<Pid> whereis_name(const std::string& name);
std::vector<std::string> registered_names();

}  // namespace otp::global
