using Totem.Accord.Components;

namespace Totem.Accord;

/// <summary>A conductor's own settings.</summary>
internal sealed record ConductorOptions
{
    /// <summary>The conductor, and the life of its state.</summary>
    public required ConductorId Self { get; init; }

    /// <summary>How many conductors shall vote. Where nobody has a state yet, a store begins when as many have met;
    /// later ones become voters until there are as many.</summary>
    public int VotersWanted { get; init; } = 1;

    /// <summary>Where others get the state: <c>HOST:PORT</c>.</summary>
    public string Address { get; init; } = "";

    /// <summary>Whether reads are answered where there is no majority, from what was known last.</summary>
    public bool ServesStaleReads { get; init; }
}
