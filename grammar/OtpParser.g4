// The productions of the schema language, with examples above them. No actions: compiler/syntax
// walks the tree. What stands in nearly every line has labels (`title=name`): to find a part by its
// kind, all parts of a node are looked at.
// A file is cut at its top-level declarations before parsing; each piece is one `topLevel`.
parser grammar OtpParser;

options { tokenVocab = OtpLexer; }

topLevel : declaration EOF ;

declaration
    : annotation*
      ( moduleDecl | importDecl | constDecl | aliasDecl | structDecl | enumDecl | unionDecl |
      protocolDecl | serverDecl
      | statemDecl | eventsDecl | handlerDecl | topicDecl | taskDecl | agentDecl | registryDecl |
      supervisorDecl
      | applicationDecl )
    ;

// module shop::cart version 3 none = nil;
moduleDecl : MODULE path (VERSION value)? (NONE EQUALS absent=name)? SEMI ;

// import shop::money { Money };
importDecl : IMPORT path (LBRACE name (COMMA name)* COMMA? RBRACE)? SEMI ;

// const max_lines: u32 = 200;
constDecl : CONST name COLON type EQUALS value SEMI ;

// alias Sku = string;
aliasDecl : ALIAS name EQUALS type SEMI ;

// struct Line { sku: Sku; qty: u32 = 1; }
structDecl : STRUCT name LBRACE (field SEMI)* RBRACE ;

// qty: u32 = 1 in 1..99
field
    : annotated+=annotation* title=name COLON of=type (EQUALS fallback=value)?
      (IN min=value RANGE max=value)?
    ;

// enum Reason { checkout; abandoned; .. }
enumDecl : ENUM name LBRACE enumMember* RBRACE ;
enumMember : annotated+=annotation* title=name SEMI | RANGE SEMI? ;

// union Event { added(line: Line); cleared; }
// error CartError { full(limit: u32); @transient busy; }
unionDecl : (UNION | ERROR) name LBRACE unionCase* RBRACE ;
unionCase : annotation* name parameters? SEMI | RANGE SEMI? ;

// (line: Line, first: u32 = 0)
parameters : LPAREN (field (COMMA field)* COMMA?)? RPAREN ;

// protocol Sized { call size() -> u32; }
protocolDecl : PROTOCOL name LBRACE protocolMember* RBRACE ;
protocolMember : annotation* message SEMI ;

// server Cart : Sized { ... }
serverDecl : SERVER name (COLON path (COMMA path)*)? LBRACE serverMember* RBRACE ;
serverMember
    : annotation*
      ( usesMember | initMember | stateMember | mailboxMember | hibernateMember | message SEMI |
      flagMember
      | upgradeMember )
    ;

// uses Payment (call), Prices (topic);
usesMember : USES usedServer (COMMA usedServer)* SEMI ;
usedServer : path (LPAREN name RPAREN)? ;

// init(customer: i64, limit: u32 = max_lines) throws CartError;
initMember : INIT parameters (THROWS path)? SEMI ;

// state { customer: i64; @private card: string?; }
stateMember : STATE LBRACE (field SEMI)* RBRACE ;

// mailbox limit 10000 overflow reject;
mailboxMember : MAILBOX LIMIT value (OVERFLOW name)? SEMI ;

// hibernate after 30s;
hibernateMember : HIBERNATE (AFTER value)? SEMI ;

// terminate;
// trap_exit;
flagMember : (TERMINATE | TRAP_EXIT) SEMI ;

// upgrade from 2;
upgradeMember : UPGRADE FROM value SEMI ;

// call add(line: Line) -> u32 throws CartError timeout 2s
// cast clear(reason: Reason)
// info tick every 60s
// continue reload
message : (CALL | CAST | INFO | CONTINUE) name parameters? (ARROW type)? messageOption* ;
messageOption : THROWS path | TIMEOUT value | EVERY value ;

// statem Payment {
//   init(order: i64) -> idle;
//   state idle { call pay(card: string) -> ok to authorizing; }
//   final state paid;
// }
// `: Sized` is read to be refused.
statemDecl : STATEM name (COLON path (COMMA path)*)? LBRACE statemMember* RBRACE ;
statemMember
    : annotation*
      ( usesMember | INIT parameters (THROWS path)? ARROW name SEMI | DATA LBRACE (field SEMI)*
      RBRACE
      | FINAL? STATE name (COMMA name)* (SEMI | LBRACE stateClause* RBRACE) | ANY LBRACE
      stateClause* RBRACE
      | mailboxMember | hibernateMember | flagMember | upgradeMember )
    ;
stateClause
    : annotation*
      ( ON ENTER | STATE_TIMEOUT value targets? | TIMEOUT name value targets? | POSTPONE name
      (COMMA name)*
      | message (targets messageOption*)? ) SEMI
    ;
targets : TO name (BAR name)* ;

// events Audit { event added(customer: i64, line: Line); }
eventsDecl : EVENTS name LBRACE eventMember* RBRACE ;
eventMember : annotation* EVENT name parameters? SEMI ;

// handler AuditLog for Audit {
//   init(path: string);
//   on added, cleared;
//   call total() -> i64;
// }
handlerDecl : HANDLER name FOR path LBRACE handlerMember* RBRACE ;
handlerMember
    : annotation* ( initMember | ON name (COMMA name)* SEMI | message SEMI | flagMember )
    ;

// topic Prices(sku: Sku) { changed(price: Money); }
topicDecl : TOPIC name parameters? LBRACE unionCase* RBRACE ;

// task Reprice(sku: Sku) -> Money timeout 10s;
taskDecl : TASK name parameters? (ARROW type)? messageOption* SEMI ;

// agent Rates { map<Sku, f64>; }
agentDecl : AGENT name LBRACE type SEMI RBRACE ;

// registry Carts { unique; key i64; names Cart; }
registryDecl : REGISTRY name LBRACE registryMember* RBRACE ;
registryMember
    : (UNIQUE | DUPLICATE) SEMI | KEY type SEMI | NAMES path SEMI | PARTITIONS value SEMI
    ;

// supervisor ShopSup { ... }
// dynamic supervisor CartSup { ... }
// partition supervisor PriceShards { ... }
supervisorDecl : (DYNAMIC | PARTITION)? SUPERVISOR name LBRACE supervisorMember* RBRACE ;

// strategy rest_for_one;
// intensity 5 in 10s;
// backoff 100ms..10s;
supervisorMember
    : annotation*
      ( STRATEGY name SEMI | INTENSITY value IN value SEMI | AUTO_SHUTDOWN name SEMI |
      MAX_CHILDREN value SEMI
      | BACKOFF value RANGE value SEMI | childMember )
    ;

// child carts: Cart(customer: 1) restart permanent shutdown 5s significant name "cart";
childMember : CHILD name (COLON path | (COLONS name)+)? arguments? childOption* SEMI ;
childOption
    : RESTART name | SHUTDOWN value | SIGNIFICANT | NAME value | PARTITIONS value | BY name
    | HANDLERS LBRACKET (path arguments? (COMMA path arguments?)* COMMA?)? RBRACKET
    ;
arguments : LPAREN (argument (COMMA argument)* COMMA?)? RPAREN ;
argument : (name COLON)? value ;

// application shop {
//   env { pool: u32 = 4 in 1..64; }
//   depends logger;
//   start ShopSup;
//   start_phases [migrate, serve];
// }
applicationDecl : APPLICATION name LBRACE applicationMember* RBRACE ;
applicationMember
    : ENV LBRACE (field SEMI)* RBRACE | DEPENDS path (COMMA path)* SEMI | START path SEMI
    | START_PHASES LBRACKET name (COMMA name)* COMMA? RBRACKET SEMI
    ;

// @deprecated(3, use: add)
annotation : AT name arguments? ;

// list<Line>
// string?
// array<u8, 16>
// (i64, string)
type
    : ( named=path (LESS given+=typeArgument (COMMA given+=typeArgument)* GREATER)?
      | tuple=LPAREN (items+=type (COMMA items+=type)* COMMA?)? RPAREN )
      questions+=QUESTION*
    ;
typeArgument : of=type | count=INTEGER ;

// 200, -1.5, 5s, "text", true, none, max_lines, Reason.checkout, env.pool or [1, 2]
value
    : MINUS? (INTEGER | FLOAT | DURATION) | STRING | TRUE | FALSE | NONE | valuePath
    | LBRACKET (value (COMMA value)* COMMA?)? RBRACKET
    ;
valuePath : name ((COLONS | DOT) name)* ;

path : parts+=name (COLONS parts+=name)* ;

// Every word of the language but `true`, `false` and `none` may be a name.
name
    : IDENTIFIER | MODULE | VERSION | IMPORT | CONST | ALIAS | STRUCT | ENUM | UNION | ERROR |
    PROTOCOL | SERVER | STATEM
    | EVENTS | HANDLER | TOPIC | TASK | AGENT | REGISTRY | DYNAMIC | PARTITION | SUPERVISOR |
    APPLICATION | USES | INIT
    | THROWS | STATE | MAILBOX | LIMIT | OVERFLOW | HIBERNATE | AFTER | CALL | CAST | INFO | EVERY
    | CONTINUE | TERMINATE
    | TRAP_EXIT | TIMEOUT | UPGRADE | FROM | DATA | ON | ENTER | STATE_TIMEOUT | TO | POSTPONE |
    FINAL | ANY | EVENT | FOR
    | UNIQUE | DUPLICATE | KEY | NAMES | STRATEGY | INTENSITY | IN | AUTO_SHUTDOWN | CHILD |
    RESTART | SHUTDOWN
    | SIGNIFICANT | NAME | HANDLERS | MAX_CHILDREN | PARTITIONS | BY | BACKOFF | ENV | DEPENDS |
    START | START_PHASES
    ;
