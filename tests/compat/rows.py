"""A pair of schemas for each kind of change: (old, new, forwards, backwards, [expressions]).

`forwards` and `backwards` are the changes that the pair shows in that direction. An expression is
evaluated with the Erlang clients of both versions, where S is a process that answers with what it
is sent; both must send the same.
"""


def server(members):
    return f"server A {{ init(); {members} }}"


def call(parameters):
    return server(f"call get({parameters}) -> u32;")


def both(old, new, change, *expressions):
    """A change whose other direction is of the same kind."""
    return old, new, {change}, {change}, expressions


LINE = "struct Line { sku: string; } " + server("call add(line: Line) -> u32;")
NOTE = "struct Note { text: string?; } " + server("call put(note: Note);")
ADD = "t_a:add(S, #{sku => <<\"a\">>})"

ROWS = {
    "version_changed": ("", "", {"version_changed"}, {"version_lowered"}, ()),
    "version_lowered": ("", "", {"version_lowered"}, {"version_changed"}, ()),
    "declaration_added": (LINE, LINE + " topic T(k: u8) { x; }", {"declaration_added"},
                          {"process_removed"}, [ADD]),
    "process_removed": (LINE + server("").replace("A", "B"), LINE, {"process_removed"},
                        {"declaration_added"}, ()),
    "data_removed": (LINE + " struct B { x: u8; }", LINE, {"data_removed"}, {"declaration_added"},
                     [ADD]),
    "kind_changed": both("struct A { x: u8; }", "enum A { x; }", "kind_changed"),
    "renamed": (LINE, LINE.replace("struct Line {", '@was("Line") struct Item {')
                .replace("line: Line", "line: Item"), {"renamed"}, {"renamed"}, [ADD]),
    "wire_name_changed": both(server("cast put;"), server('@was("old") cast put;'),
                              "wire_name_changed"),
    "name_reused": ("struct L { a: u8; @removed(1) b: u8; }", "struct L { a: u8; b: u8 = 1; }",
                    {"name_reused"}, {"field_removed_optional"}, ()),
    "deprecated_changed": both(server("call get();"), server("@deprecated(1) call get();"),
                               "deprecated_changed", "t_a:get(S)"),
    "import_changed": (None, None, {"import_changed"}, {"import_changed"}, ()),
    "local_type_changed": both("const a: u8 = 1;", "const a: u16 = 1;", "local_type_changed"),
    "value_changed": both("const a: u8 = 1;", "const a: u8 = 2;", "value_changed"),
    "field_added_optional": (LINE, LINE.replace("sku: string;", "sku: string; qty: u32 = 1;"),
                             {"field_added_optional"}, {"field_removed_optional"}, [ADD]),
    "field_inserted_optional": (LINE, LINE.replace("sku: string;", "note: string?; sku: string;"),
                                {"field_inserted_optional"}, {"field_removed_optional"}, [ADD]),
    "field_added_required": ("struct L { a: u8; }", "struct L { a: u8; b: u8; }",
                             {"field_added_required"}, {"field_removed_required"}, ()),
    "field_removed_optional": ("struct L { a: u8; b: u8?; }", "struct L { a: u8; }",
                               {"field_removed_optional"}, {"field_added_optional"}, ()),
    "field_removed_required": ("struct L { a: u8; b: u8; }", "struct L { a: u8; }",
                               {"field_removed_required"}, {"field_added_required"}, ()),
    "fields_reordered": both("struct L { a: u8; b: u8; }", "struct L { b: u8; a: u8; }",
                             "fields_reordered"),
    "tuple_changed": both("@record struct L { a: u8; }", "@record struct L { a: u8; b: u8 = 1; }",
                          "tuple_changed"),
    "type_changed": both("struct L { a: u8; }", "struct L { a: string; }", "type_changed"),
    "pid_changed": both(server("call get(p: pid);"), server("call get(p: pid<A>);"), "pid_changed",
                        "t_a:get(S, S)"),
    "default_added": (call("n: u8"), call("n: u8 = 1"), {"default_added"},
                      {"default_removed"}, ["t_a:get(S, 7)"]),
    "default_changed": both(call("n: u8 = 1"), call("n: u8 = 2"), "default_changed",
                            "t_a:get(S, 7)"),
    "default_removed": (call("n: u8 = 1"), call("n: u8"), {"default_removed"},
                        {"default_added"}, ()),
    "member_added": ("enum E { a; }", "enum E { a; b; }", {"member_added"}, {"member_removed"}, ()),
    "member_added_open": ("union U { a; .. }" + server("call get(u: U);"),
                          "union U { a; b; .. }" + server("call get(u: U);"),
                          {"member_added_open"}, {"member_removed_open"}, ["t_a:get(S, a)"]),
    "member_removed": ("union U { a; b(x: u8); }", "union U { a; }", {"member_removed"},
                       {"member_added"}, ()),
    "member_removed_open": ("enum E { a; b; .. }" + server("call get(e: E);"),
                            "enum E { a; .. }" + server("call get(e: E);"),
                            {"member_removed_open"}, {"member_added_open"}, ["t_a:get(S, a)"]),
    "members_reordered": both("enum E { a; b; }" + server("call get(e: E);"),
                              "enum E { b; a; }" + server("call get(e: E);"), "members_reordered",
                              "t_a:get(S, b)"),
    "enum_opened": ("enum E { a; }" + server("call get(e: E);"),
                    "enum E { a; .. }" + server("call get(e: E);"), {"enum_opened"}, {"closed"},
                    ["t_a:get(S, a)"]),
    "union_opened": ("error E { a; }" + server("call get() throws E;"),
                     "error E { a; .. }" + server("call get() throws E;"), {"union_opened"},
                     {"closed"}, ["t_a:get(S)"]),
    "closed": ("union U { a; .. }", "union U { a; }", {"closed"}, {"union_opened"}, ()),
    "transient_changed": both("error E { a; }", "error E { @transient a; }", "transient_changed"),
    "representation_changed": both("struct L { a: u8; }", "@record struct L { a: u8; }",
                                   "representation_changed"),
    "json_keys_added": (LINE, "@json_keys " + LINE, {"json_keys_added"}, {"json_keys_removed"},
                        [ADD]),
    "json_keys_removed": ("@json_keys " + LINE, LINE, {"json_keys_removed"}, {"json_keys_added"},
                          ()),
    "none_changed": both(None, None, "none_changed", "t_a:put(S, #{})"),
    "elixir_changed": both(LINE, '@elixir("Shop.Line") ' + LINE, "elixir_changed", ADD),
    "message_added": (server("call get();"), server("call get(); cast put;"), {"message_added"},
                      {"message_removed"}, ["t_a:get(S)"]),
    "message_removed": ("events E { event a; event b; }", "events E { event a; }",
                        {"message_removed"}, {"message_added"}, ()),
    "message_kind_changed": both(server("call get();"), server("cast get();"),
                                 "message_kind_changed"),
    "parameter_added_optional": (call("a: u8"), call("a: u8, b: u8 = 2"),
                                 {"parameter_added_optional"}, {"parameter_removed"}, ()),
    "parameter_added_required": (call("a: u8"), call("a: u8, b: u8"),
                                 {"parameter_added_required"}, {"parameter_removed"}, ()),
    "parameter_removed": (call("a: u8"), call(""), {"parameter_removed"},
                          {"parameter_added_required"}, ()),
    "parameter_renamed": both(call("a: u8"), call("b: u8"), "parameter_renamed",
                              "t_a:get(S, 7)"),
    "result_changed": both(server("call get();"), server("call get() -> u8;"), "result_changed"),
    "throws_changed": both("error E { a; } " + server("call get();"),
                           "error E { a; } " + server("call get() throws E;"), "throws_changed"),
    "timeout_changed": both(server("call get();"), server("call get() timeout 9s;"),
                            "timeout_changed", "t_a:get(S)"),
    "deferred_changed": both(server("call get();"), server("@deferred call get();"),
                             "deferred_changed", "t_a:get(S)"),
    "blocking_changed": both(server("call get();"), server("@blocking call get();"),
                             "blocking_changed", "t_a:get(S)"),
    "priority_changed": both(server("call get();"), server("@priority(high) call get();"),
                             "priority_changed", "t_a:get(S)"),
    "every_changed": both(server("info tick every 1s;"), server("info tick every 2s;"),
                          "every_changed", "t_a:tick(S)"),
    "protocol_added": ("protocol P { call size() -> u8; } " + server("call get();"),
                       "protocol P { call size() -> u8; } "
                       + server("call get();").replace("A {", "A : P {"), {"protocol_added"},
                       {"protocol_removed"}, ["t_a:get(S)"]),
    "protocol_removed": ("protocol P { call size() -> u8; } server A : P { init(); }",
                         "protocol P { call size() -> u8; } server A { init(); }",
                         {"protocol_removed"}, {"protocol_added"}, ()),
    "state_changed": both(server("call get();"), server("state { n: u16; } call get();"),
                          "state_changed", "t_a:get(S)"),
    "state_rewritten": both(server("state { n: u8; } call get();"),
                            server("state { n: u16; } call get();"), "state_rewritten",
                            "t_a:get(S)"),
    "machine_states_changed": both(
        "statem A { init() -> a; state a { call go() to a; } any { cast x(); } }",
        "statem A { init() -> a; state a { call go() to a | b; } state b { call go() to a; } "
        "any { cast x(); } }", "machine_states_changed", "t_a:go(S)"),
    "handled_events_changed": both(
        "events E { event a; event b; } handler H for E { init(); on a, b; call n() -> u8; }",
        "events E { event a; event b; } handler H for E { init(); on b; call n() -> u8; }",
        "handled_events_changed"),
    "manager_changed": both(
        "events E { event a; } events F { event a; } handler H for E { init(); on a; }",
        "events E { event a; } events F { event a; } handler H for F { init(); on a; }",
        "manager_changed"),
    "keys_changed": both("registry R { unique; key u8; }", "registry R { duplicate; key u8; }",
                         "keys_changed"),
    "module_renamed": (None, None, {"module_renamed"}, {"module_renamed"}, ()),
    "module_added": (None, None, {"module_added"}, {"module_removed"}, ()),
    "module_removed": (None, None, {"module_removed"}, {"module_added"}, ()),
}
