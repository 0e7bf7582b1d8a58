namespace Totem.Transport.Knet.Keys;

/// <summary>How far a change of keys has come (KNET §17.3).</summary>
internal enum RekeyPhase
{
    /// <summary>One configuration.</summary>
    Settled,

    /// <summary>The next one is known and opens packets; the old one seals them.</summary>
    Loaded,

    /// <summary>The next one seals packets; the old one still opens them.</summary>
    Switched,
}
