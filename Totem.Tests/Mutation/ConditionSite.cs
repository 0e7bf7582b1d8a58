namespace Totem.Tests.Mutation;

/// <summary>How a condition is broken. One that declares a variable is not negated: its other
/// branch has no value for it.</summary>
internal enum ConditionForm
{
    Negated,
    NeverTrue,
    AlwaysTrue,
}

/// <summary>One condition of the core, and how the sweep breaks it.</summary>
/// <param name="Number">Which one, from 1, in the order of files and lines.</param>
/// <param name="File">The file in Totem.Core.</param>
/// <param name="Line">The line there.</param>
/// <param name="Form">The change to it.</param>
/// <param name="Text">The condition, on one line.</param>
internal sealed record ConditionSite(int Number, string File, int Line, ConditionForm Form, string Text)
{
    public override string ToString() => $"{File}:{Line} {Name} `{Text}`";

    private string Name => Form switch
    {
        ConditionForm.NeverTrue => "never",
        ConditionForm.AlwaysTrue => "always",
        _ => "not",
    };
}
