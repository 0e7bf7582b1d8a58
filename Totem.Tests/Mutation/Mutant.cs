namespace Totem.Tests.Mutation;

/// <summary>A rule of the protocol, broken on purpose in the source of the core.</summary>
/// <param name="Name">The broken rule, as a sentence without its subject.</param>
/// <param name="File">The file in Totem.Core.</param>
/// <param name="Find">Text that stands there exactly once.</param>
/// <param name="Replace">The line that stands there instead.</param>
/// <param name="Rules">The rules under which it may be caught: a mutation often breaks more than one.</param>
public sealed record Mutant(string Name, string File, string Find, string Replace, params string[] Rules)
{
    /// <summary>A scenario that needs the rule, where random ones need it too rarely; null runs random ones.</summary>
    public string? Script { get; init; }

    public override string ToString() => Name;
}
