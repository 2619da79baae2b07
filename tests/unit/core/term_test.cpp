#include <otp/term.h>

#include <string>

#include <gtest/gtest.h>

namespace otp {
namespace {

std::string atom(const std::string& name) { return Term::atom(name).text(); }

TEST(Term, a_float_has_the_digits_that_say_which_it_is) {
  EXPECT_EQ(Term(0.1).text(), "0.1");
  EXPECT_EQ(Term(-2.0).text(), "-2.0");
  EXPECT_EQ(Term(1e300).text(), "1.0e+300");
  EXPECT_EQ(Term(1.5e-7).text(), "1.5e-07");
}

TEST(Term, an_atom_is_quoted_where_erlang_would_not_read_it) {
  EXPECT_EQ(atom("ok"), "ok");
  EXPECT_EQ(atom("Ok"), "'Ok'");
  EXPECT_EQ(atom("end"), "'end'");
  EXPECT_EQ(atom("it's"), R"('it\'s')");
  EXPECT_EQ(atom("a\nb"), R"('a\x{0A}b')");
  EXPECT_EQ(atom(""), "''");
}

}  // namespace
}  // namespace otp
