namespace Totem.Simulation.Network;

/// <summary>Faults that hit every link alike, each with its probability per datagram and receiver.</summary>
internal sealed record NetworkNoise
{
    /// <summary>The network without faults.</summary>
    public static NetworkNoise None { get; } = new();

    /// <summary>The datagram is lost.</summary>
    public double LossRate { get; init; }

    /// <summary>It arrives twice.</summary>
    public double DuplicateRate { get; init; }

    /// <summary>The second copy comes up to this much later.</summary>
    public TimeSpan ReplayMax { get; init; }

    /// <summary>It is kept back, so that later ones overtake it.</summary>
    public double ReorderRate { get; init; }

    /// <summary>How long it is kept back at most.</summary>
    public TimeSpan ReorderMax { get; init; }

    /// <summary>It is broken: half of these never pass UDP's checksum, half arrive as bytes no
    /// decoder may accept.</summary>
    public double CorruptRate { get; init; }

    /// <summary>A token, regular or commit, is lost.</summary>
    public double TokenLossRate { get; init; }

    /// <summary>A datagram of more than <see cref="BigBytes"/> is lost, as if a fragment of it were.</summary>
    public double BigLossRate { get; init; }

    /// <summary>From where on a datagram is big.</summary>
    public int BigBytes { get; init; }
}
