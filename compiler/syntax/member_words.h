// The words that begin members, and the signs that end them, by the types of their tokens.
#pragma once

#include <cstddef>
#include <span>

namespace otpc::syntax {

/// Of the language, or a name.
bool is_word(std::size_t type);
/// `;` or a brace: behind it another member may begin.
bool is_ending(std::size_t type);

/// Of a declaration, which its own word stands for; none where a name begins them.
std::span<const std::size_t> member_words(std::size_t declaration);
/// Of a state, and of `any`.
std::span<const std::size_t> clause_words();

/// Of anything.
bool begins_members(std::size_t type);

/// Whether that may stand right behind the word that begins a member, here of a server or of
/// something else.
bool fits_behind(std::size_t word, std::size_t next, bool server);

}  // namespace otpc::syntax
