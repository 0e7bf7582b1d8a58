namespace Totem.Accord.Components;

/// <summary>
/// The words of one conductor in the exchange of states that follows each change of membership.
/// </summary>
internal sealed record StateReport
{
    /// <summary>The conductor.</summary>
    public required ConductorId Conductor { get; init; }

    /// <summary>The last primary component that it was in, or may have been in.</summary>
    public ComponentId Component { get; init; }

    /// <summary>How many batches of the store's whole history it has executed.</summary>
    public ulong Position { get; init; }

    /// <summary>It was in that component without having all of the state: it waits for a transfer.</summary>
    public bool IsBehind { get; init; }

    /// <summary>The conductors that had all of the state when that component began.</summary>
    public IReadOnlyList<ConductorId> Knowing { get; init; } = [];

    /// <summary>The voters, as of <see cref="Position"/>.</summary>
    public IReadOnlyList<ConductorId> Voters { get; init; } = [];

    /// <summary>The voters when everything in <see cref="Held"/> is executed.</summary>
    public IReadOnlyList<ConductorId> VotersBehindHeld { get; init; } = [];

    /// <summary>How many voters there should be.</summary>
    public int VotersWanted { get; init; } = 1;

    /// <summary>Batches of that component, behind <see cref="Position"/>, which it was handed in a transitional
    /// configuration: others may lack them, others may have answered them.</summary>
    public IReadOnlyList<BatchName> Held { get; init; } = [];

    /// <summary>Where it hands out its state: <c>HOST:PORT</c>.</summary>
    public string Address { get; init; } = "";
}
