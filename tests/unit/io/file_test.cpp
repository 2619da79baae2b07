// Files: what is read and written, what goes wrong, and who waits for it.
#include <otp/file.h>

#include <otp/receive.h>
#include <otp/runtime.h>
#include <otp/testing/simulation.h>

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace otp {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class Files : public ::testing::Test {
 protected:
  Files() {
    std::string pattern = (fs::temp_directory_path() / "otp_file_test.XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~Files() override { fs::remove_all(folder_); }
  std::string path(const char* name) const { return (folder_ / name).string(); }
  void in_process(std::move_only_function<void()> body) {
    Runtime runtime({.schedulers = 2});
    EXPECT_EQ(runtime.run(std::move(body)), ExitReason::normal());
  }

  fs::path folder_;
};

TEST_F(Files, what_is_written_is_read) {
  in_process([this] {
    EXPECT_TRUE(file::write_file(path("a"), "hello"));
    EXPECT_EQ(file::read_file(path("a")), "hello");
    EXPECT_TRUE(file::write_file(path("a"), "new"));
    EXPECT_TRUE(file::write_file(path("a"), " end", {.append = true}));
    EXPECT_EQ(file::read_file(path("a")), "new end");
    EXPECT_TRUE(file::write_file(path("a"), ""));
    EXPECT_EQ(file::read_file(path("a")), "");
    const std::string bytes("\0\n\xff", 3);
    EXPECT_TRUE(file::write_file(path("a"), bytes));
    EXPECT_EQ(file::read_file(path("a")), bytes);
    EXPECT_FALSE(file::read_file("/proc/self/status")->empty());  // its size is said to be 0
  });
}

TEST_F(Files, a_big_one_too) {
  in_process([this] {
    std::string big(50'000'000, '\0');
    std::uint32_t x = 1;
    for (char& byte : big) byte = static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
    EXPECT_TRUE(file::write_file(path("big"), big));
    EXPECT_TRUE(file::read_file(path("big")) == big);
    const auto opened = file::open(path("big")).value();
    EXPECT_TRUE(file::pread(opened, 1'000'000, 20'000'000) == big.substr(1'000'000, 20'000'000));
  });
}

TEST_F(Files, pread_ends_before_the_end_only_when_there_is_no_more) {
  in_process([] {
    // So many areas of memory that what the system tells about them is long; its size is said to
    // be 0.
    constexpr std::size_t areas = 2'000;
    const auto page = static_cast<std::size_t>(getpagesize());
    auto* memory = static_cast<char*>(
        mmap(nullptr, areas * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (std::size_t i = 0; i < areas; i += 2) mprotect(memory + i * page, page, PROT_NONE);
    const auto opened = file::open("/proc/self/maps").value();
    EXPECT_GT(file::pread(opened, 0, SIZE_MAX)->size(), 70'000U);
    EXPECT_EQ(file::pread(opened, 0, 70'000)->size(), 70'000U);
    munmap(memory, areas * page);
  });
}

TEST_F(Files, reading_and_writing_say_where) {
  in_process([this] {
    const file::File opened = file::open(path("a"), {.read = true, .write = true}).value();
    EXPECT_TRUE(file::pwrite(opened, 5, "world"));
    EXPECT_TRUE(file::pwrite(opened, 0, "hello"));
    EXPECT_EQ(file::pread(opened, 3, 4), "lowo");
    EXPECT_EQ(file::pread(opened, 8, 100), "ld");
    EXPECT_EQ(file::pread(opened, 10, 1).error(), "eof");
    EXPECT_EQ(file::pread(opened, 10, 0), "");
    EXPECT_EQ(file::pread(opened, 0, SIZE_MAX), "helloworld");
    EXPECT_TRUE(file::sync(opened));
    const file::File kept = file::open(path("a"), {.read = true, .write = true}).value();
    EXPECT_EQ(file::pread(kept, 0, 5), "hello");  // write empties it only when it is not read
    const file::File end = file::open(path("a"), {.append = true}).value();
    EXPECT_TRUE(file::pwrite(end, 0, "!"));
    EXPECT_EQ(file::read_file(path("a")), "helloworld!");
    EXPECT_TRUE(file::open(path("a"), {.write = true}));
    EXPECT_EQ(file::read_file(path("a")), "");
  });
}

TEST_F(Files, errors_have_the_names_of_the_system) {
  in_process([this] {
    EXPECT_EQ(file::read_file(path("none")).error(), "enoent");
    EXPECT_EQ(file::read_file(path("none")).error().code(), ENOENT);
    EXPECT_EQ(file::open(path("none/a"), {.write = true}).error(), "enoent");
    EXPECT_EQ(file::read_file(folder_.string()).error(), "eisdir");
    EXPECT_EQ(file::open(folder_.string()).error(), "eisdir");
    EXPECT_EQ(file::write_file(folder_.string(), "x").error(), "eisdir");
    EXPECT_TRUE(file::write_file(path("a"), "x", {.exclusive = true}));
    EXPECT_EQ(file::write_file(path("a"), "y", {.exclusive = true}).error(), "eexist");
    EXPECT_EQ(file::open(path("a/b")).error(), "enotdir");
    EXPECT_EQ(file::open(std::string("a\0b", 3)).error(), "einval");
    EXPECT_EQ(file::open(std::string(10'000, 'x')).error(), "enametoolong");
    EXPECT_EQ(file::write_file("/dev/full", "x").error(), "enospc");
    const file::File reads = file::open(path("a")).value();
    EXPECT_FALSE(file::pwrite(reads, 0, "x"));
    EXPECT_EQ(file::pread(reads, UINT64_MAX, 1).error(), "einval");
  });
}

TEST_F(Files, who_may_not_is_told_eacces) {
  in_process([this] {
    EXPECT_TRUE(file::write_file(path("a"), "x"));
    chmod(path("a").c_str(), 0);
    chmod(folder_.c_str(), 0755);
    const uid_t user = geteuid();
    constexpr uid_t nobody = 65534;
    if (user == 0) {
      ASSERT_EQ(seteuid(nobody), 0);
    }
    EXPECT_EQ(file::read_file(path("a")).error(), "eacces");
    EXPECT_EQ(file::write_file(path("a"), "y").error(), "eacces");
    if (user == 0) {
      ASSERT_EQ(seteuid(user), 0);
    }
  });
}

TEST_F(Files, a_closed_file_is_a_bad_argument) {
  in_process([this] {
    const file::File opened = file::open(path("a"), {.write = true}).value();
    const file::File copy = opened;
    EXPECT_TRUE(file::close(opened));
    EXPECT_EQ(file::close(copy).error(), "einval");
    EXPECT_EQ(file::pwrite(copy, 0, "x").error(), "einval");
    EXPECT_EQ(file::pread(copy, 0, 1).error(), "einval");
    EXPECT_EQ(file::sync(copy).error(), "einval");
    EXPECT_EQ(file::pread(file::File(), 0, 1).error(), "einval");
  });
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& each : fs::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

TEST_F(Files, the_last_handle_closes_also_when_its_process_crashes) {
  in_process([this] {
    EXPECT_TRUE(file::write_file(path("a"), "x"));
    const std::size_t before = open_descriptors();
    for (int i = 0; i < 20; ++i) {
      const Ref end = spawn_monitor([this] {
                        const file::File opened = file::open(path("a")).value();
                        exit(ExitReason("enough"));
                      }).second;
      EXPECT_EQ(detail::await_down(end)->reason, ExitReason("enough"));
    }
    EXPECT_EQ(open_descriptors(), before);
  });
}

TEST_F(Files, an_exit_signal_ends_the_waiting_for_a_call_that_does_not_return) {
  in_process([this] {
    const std::string pipe = path("pipe");
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    // To open a pipe waits for its other end.
    const auto [reader, end] = spawn_monitor([pipe] { static_cast<void>(file::read_file(pipe)); });
    EXPECT_FALSE(receive_value<Down>(20ms));
    exit(reader, ExitReason("enough"));
    EXPECT_EQ(detail::await_down(end, 10s)->reason, ExitReason("enough"));
    EXPECT_TRUE(file::write_file(pipe, "for nobody"));
  });
}

TEST_F(Files, many_processes_read_while_others_compute) {
  Runtime runtime({.schedulers = 1, .blocking_threads = 4});
  runtime.run([this] {
    EXPECT_TRUE(file::write_file(path("a"), std::string(1000, 'a')));
    const file::File opened = file::open(path("a")).value();
    std::vector<Ref> ends;
    for (int i = 0; i < 50; ++i) {
      ends.push_back(spawn_monitor([opened] {
                       for (std::uint64_t n = 0; n < 20; ++n)
                         EXPECT_EQ(file::pread(opened, 10 * n, 10), std::string(10, 'a'));
                     }).second);
    }
    for (const Ref end : ends) EXPECT_EQ(detail::await_down(end)->reason, ExitReason::normal());
  });
}

TEST_F(Files, work_in_a_simulation) {
  testing::Simulation simulation;
  simulation.run([this] {
    EXPECT_TRUE(file::write_file(path("a"), "x"));
    EXPECT_EQ(file::read_file(path("a")), "x");
  });
}

}  // namespace
}  // namespace otp
