//! The one table of diagnostic codes: slug and what it says, in one line.

macro_rules! codes {
    ($($name:ident $slug:literal $about:literal)*) => {
        /// The stable code of a diagnostic.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $about] $name,)*
        }

        impl Code {
            /// Every code there is, in the order of the stages.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// The code as text, such as `unknown-name`.
            pub fn slug(self) -> &'static str {
                match self { $(Code::$name => $slug),* }
            }

            /// What the code says, in one line.
            pub fn about(self) -> &'static str {
                match self { $(Code::$name => $about),* }
            }
        }
    };
}

codes! {
    MissingPack "missing-pack" "no file of the folder holds the pack's header."
    UnreadableFile "unreadable-file" "A file could not be read."
    NotUtf8 "not-utf8" "A file is not UTF-8 text."
    FileTooLarge "file-too-large" "A file is larger than the limit."
    TooManyFiles "too-many-files" "The pack has more files than the limit."
    PathOutsidePack "path-outside-pack" "A path leaves the pack's folder."
    YmlExtension "yml-extension" "Rule files end in `.yaml`."
    UnusedFile "unused-file" "No rule file names this file."
    UncalledFunction "uncalled-function" "Nothing calls this function."
    MissingHostFunction "missing-host-function" "The pack declares a function that the host does not supply."
    WrongHostFunction "wrong-host-function" "The host supplies a function of other types than the pack declares."
    UnusedHostFunction "unused-host-function" "The host supplies a function that the pack does not declare."
    UnsoundInterpreter "unsound-interpreter" "Another crate of the program changes what scripts mean."
    StandIn "stand-in" "A function of the host is stood in for: it gives nothing that is known."
    UnknownPlugin "unknown-plugin" "The library does not have this plugin."
    PluginVersion "plugin-version" "The plugin has a version that the pack does not take, or none."
    UnusedPlugin "unused-plugin" "Nothing calls a function of this plugin."
    MissingFile "missing-file" "A file that a rule file names is not there."
    UnknownPack "unknown-pack" "`extends` names a pack that the library does not have."
    ExtendsCycle "extends-cycle" "Packs extend each other in a circle."
    YamlSyntax "yaml-syntax" "A file is not YAML."
    DuplicateKey "duplicate-key" "The same key stands twice in one map."
    YamlLimit "yaml-limit" "A file passes a limit on depth, size or aliases."
    EmptyFile "empty-file" "A rule file says nothing."
    SeveralDocuments "several-documents" "A file holds more than one YAML document."
    MergeKey "merge-key" "YAML's merge key `<<` is not part of the format."
    GridSyntax "grid-syntax" "A grid is not in the form of a table."
    CutExpression "cut-expression" "YAML cut or changed an expression."
    UnknownKey "unknown-key" "A key that the format does not have here."
    MissingKey "missing-key" "A key that must be there is not."
    WrongKind "wrong-kind" "A list, a map or a single value stands where another belongs."
    UnsupportedFormat "unsupported-format" "The pack is written in a version of the language that this engine does not know."
    NotYetSupported "not-yet-supported" "A part of the format that this version does not carry out."
    DuplicateId "duplicate-id" "The same id twice."
    DuplicateName "duplicate-name" "The same name for two things that expressions read."
    DuplicateColumn "duplicate-column" "The same column twice in one grid."
    ReservedName "reserved-name" "The expression language keeps this name for itself."
    ReservedValue "reserved-value" "`none`, `unknown`, `known` and `otherwise` may not be values of a choice."
    InvalidName "invalid-name" "A name or id with characters that it may not have."
    AmbiguousName "ambiguous-name" "A name that stands for two things here."
    UnknownName "unknown-name" "An expression reads a name that nothing has."
    UnknownField "unknown-field" "A record does not have this field."
    UnknownChoice "unknown-choice" "A value that the choice does not have."
    UnknownFunction "unknown-function" "A function that the language does not have."
    WrongArguments "wrong-arguments" "A function called with other arguments than it takes."
    TypeMismatch "type-mismatch" "Values of types that do not go together."
    MaybeNone "maybe-none" "A value that may be none where none is not allowed."
    NeverNone "never-none" "A value that cannot be none is asked whether it is."
    UnsupportedSyntax "unsupported-syntax" "Rhai syntax that expressions do not use."
    SyntaxError "syntax-error" "An expression that cannot be read."
    CellSyntax "cell-syntax" "A table's cell that cannot be read."
    AmbiguousNumber "ambiguous-number" "A number that can be read in two ways."
    OutsideDomain "outside-domain" "A value that the field cannot have."
    InvalidDate "invalid-date" "A day that the calendar does not have, or a date in another form."
    InvalidNumber "invalid-number" "Text where a number belongs, or too many decimals."
    InvalidValue "invalid-value" "A value in a form that its type does not have."
    MissingOutput "missing-output" "A row or rule does not say a value for an output."
    UnknownOutput "unknown-output" "A row or rule gives an output that is not declared."
    UnknownColumn "unknown-column" "A column that is no field, fact or result."
    UnknownHitPolicy "unknown-hit-policy" "A hit policy that does not exist."
    UnknownAction "unknown-action" "An action that the pack does not declare."
    UnknownTemplate "unknown-template" "A template that the pack does not declare."
    UnknownStage "unknown-stage" "A stage that the workflow does not have."
    UnknownStep "unknown-step" "A step that no stage of the pack has."
    UnknownCalendar "unknown-calendar" "A calendar that the pack does not have."
    UnknownRate "unknown-rate" "A rate that the pack does not have."
    UnknownSample "unknown-sample" "A test names a sample that the pack does not have."
    UnknownRule "unknown-rule" "A test names a row or rule that the pack does not have."
    InvalidRecord "invalid-record" "A sample or test case that is not a valid record."
    FieldMayNotDecide "field-may-not-decide" "A rule reads a field that is carried but may not decide."
    Cycle "cycle" "Facts and results depend on each other in a circle."
    OverlayTargetMissing "overlay-target-missing" "An overlay changes something that is not there."
    OverlayTargetPresent "overlay-target-present" "An overlay adds something that is there already."
    OverlappingExperiments "overlapping-experiments" "Two experiments change the same thing."
    FixedInExperiments "fixed-in-experiments" "An arm of an experiment touches what must be the same for every case."
    DuplicateSalt "duplicate-salt" "Two experiments have the same salt, so that the arms of one go with those of the other."
    Gap "gap" "Cases that no row of a table covers."
    Overlap "overlap" "Cases that two rows of a table cover, where only one may."
    UnreachableRow "unreachable-row" "A row that can never be the one that decides."
    UnreachableStage "unreachable-stage" "A stage that no case can come to."
    DeadEnd "dead-end" "A stage that no case can leave, and that is not marked as the end."
    CasesWithoutContactPolicy "cases-without-contact-policy" "Cases to which no contact policy applies: they may be contacted at any time."
    AnalysisLimit "analysis-limit" "A question about a table that could not be decided."
    UnknownSkipped "unknown-skipped" "Rows that are left out when a fact is unknown."
}
