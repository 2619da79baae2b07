// The tokens of the schema language. Words that the grammar knows are tokens of their own, but
// nearly all of them may still be used as names: see `name` in OtpParser.g4.
lexer grammar OtpLexer;

channels { COMMENTS, DOCS }

// "/// Shopping carts." belongs to the declaration after it; "// note" and "/* note */" to nobody.
DOC : '///' ~[\r\n]* -> channel(DOCS) ;
LINE_COMMENT : '//' ~[\r\n]* -> channel(COMMENTS) ;
BLOCK_COMMENT : '/*' .*? '*/' -> channel(COMMENTS) ;
OPEN_COMMENT : '/*' (~'*' | '*'+ ~[*/])* '*'* ;  // shorter than a comment that is closed
SPACE : [ \t\r\n\u000C\uFEFF]+ -> skip ;

LBRACE : '{' ; RBRACE : '}' ; LPAREN : '(' ; RPAREN : ')' ; LBRACKET : '[' ; RBRACKET : ']' ;
LESS : '<' ; GREATER : '>' ; SEMI : ';' ; COMMA : ',' ; COLONS : '::' ; COLON : ':' ; EQUALS : '=' ;
ARROW : '->' ; RANGE : '..' ; DOT : '.' ; QUESTION : '?' ; AT : '@' ; MINUS : '-' ; BAR : '|' ;
    STAR : '*' ;

MODULE : 'module' ; VERSION : 'version' ; IMPORT : 'import' ; CONST : 'const' ; ALIAS : 'alias' ;
    STRUCT : 'struct' ;
ENUM : 'enum' ; UNION : 'union' ; ERROR : 'error' ; PROTOCOL : 'protocol' ; SERVER : 'server' ;
    STATEM : 'statem' ;
EVENTS : 'events' ; HANDLER : 'handler' ; TOPIC : 'topic' ; TASK : 'task' ; AGENT : 'agent' ;
    REGISTRY : 'registry' ;
DYNAMIC : 'dynamic' ; PARTITION : 'partition' ; SUPERVISOR : 'supervisor' ; APPLICATION :
    'application' ;

USES : 'uses' ; INIT : 'init' ; THROWS : 'throws' ; STATE : 'state' ; MAILBOX : 'mailbox' ; LIMIT
    : 'limit' ;
OVERFLOW : 'overflow' ; HIBERNATE : 'hibernate' ; AFTER : 'after' ; CALL : 'call' ; CAST : 'cast'
    ; INFO : 'info' ;
EVERY : 'every' ; CONTINUE : 'continue' ; TERMINATE : 'terminate' ; TRAP_EXIT : 'trap_exit' ;
    TIMEOUT : 'timeout' ;
UPGRADE : 'upgrade' ; FROM : 'from' ;

DATA : 'data' ; ON : 'on' ; ENTER : 'enter' ; STATE_TIMEOUT : 'state_timeout' ; TO : 'to' ;
    POSTPONE : 'postpone' ;
FINAL : 'final' ; ANY : 'any' ; EVENT : 'event' ; FOR : 'for' ; UNIQUE : 'unique' ; DUPLICATE :
    'duplicate' ;
KEY : 'key' ; NAMES : 'names' ;

STRATEGY : 'strategy' ; INTENSITY : 'intensity' ; IN : 'in' ; AUTO_SHUTDOWN : 'auto_shutdown' ;
    CHILD : 'child' ;
RESTART : 'restart' ; SHUTDOWN : 'shutdown' ; SIGNIFICANT : 'significant' ; NAME : 'name' ;
    HANDLERS : 'handlers' ;
MAX_CHILDREN : 'max_children' ; PARTITIONS : 'partitions' ; BY : 'by' ; BACKOFF : 'backoff' ;
ENV : 'env' ; DEPENDS : 'depends' ; START : 'start' ; START_PHASES : 'start_phases' ;

TRUE : 'true' ; FALSE : 'false' ; NONE : 'none' ;

DURATION : DIGITS ('.' DIGITS)? ('ns' | 'us' | 'ms' | 's' | 'min' | 'h' | 'd') ;
FLOAT : DIGITS '.' DIGITS ([eE] [+-]? [0-9]+)? | DIGITS [eE] [+-]? [0-9]+ ;
INTEGER : DIGITS | '0x' [0-9a-fA-F_]* ;  // without a digit behind the x: told
fragment DIGITS : [0-9] [0-9_]* ;

STRING : '"' (~["\\\r\n] | '\\' ~[\r\n])* '"' ;
OPEN_STRING : '"' (~["\\\r\n] | '\\' ~[\r\n])* ;
// Told, and taken for a STRING.
QUOTED : '\'' ~['"\\\r\n]* '\'' | '\u201C' ~["\\\r\n\u201D]* '\u201D' ;
IDENTIFIER : [a-zA-Z_] [a-zA-Z0-9_]* ;
// Told, and taken for an IDENTIFIER.
FOREIGN_WORD : IDENTIFIER? FOREIGN_LETTER (IDENTIFIER | [0-9] | FOREIGN_LETTER)* ;
fragment FOREIGN_LETTER
    : [\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u037D\u037F-\u1FFF\u2C00-\u2DFF\u3040-\uD7FF\uF900-\uFDCF]
    | [\uFF21-\uFF3A\uFF41-\uFF5A\uFF66-\uFFDC\u{10000}-\u{1EFFF}]
    ;
UNKNOWN : . ;
