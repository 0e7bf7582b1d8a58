namespace Totem.Simulation.Checkers;

/// <summary>One life of a processor as its trace shows it.</summary>
internal sealed class Life(int slot, LifeId id, bool isTorn)
{
    /// <summary>The processor's rank among the processors of the trace.</summary>
    public int Slot => slot;

    /// <summary>The life.</summary>
    public LifeId Id => id;

    /// <summary>Its last events may be missing.</summary>
    public bool IsTorn => isTorn;

    /// <summary>The configurations it installed, in order.</summary>
    public List<Stay> Stays { get; } = [];

    /// <summary>It is the processor's last life and did not fail: the trace ends before it does.</summary>
    public bool IsLive { get; set; } = !isTorn;
}

/// <summary>The time that one life spends in one configuration: from an install to the next one.</summary>
internal sealed class Stay(Life life, InstalledConfiguration entry, Configuration configuration, int install)
{
    /// <summary>The life.</summary>
    public Life Life => life;

    /// <summary>The installed configuration, shared with all others who installed it.</summary>
    public InstalledConfiguration Entry => entry;

    /// <summary>The installed configuration, as this processor was told it.</summary>
    public Configuration Configuration => configuration;

    /// <summary>The install event; the stay's own events follow it.</summary>
    public int Install => install;

    /// <summary>One past the stay's last event.</summary>
    public int End { get; set; }

    /// <summary>The stay before, in the same life.</summary>
    public Stay? Previous { get; set; }

    /// <summary>The stay after, in the same life.</summary>
    public Stay? Next { get; set; }

    /// <summary>An earlier stay of the same processor was in the same configuration.</summary>
    public bool IsRepeated { get; init; }

    /// <summary>A regular configuration.</summary>
    public bool IsRegular => configuration.Kind == ConfigurationKind.Regular;

    /// <summary>The ring whose messages may be delivered here: <c>reg(c)</c>.</summary>
    public RingId RegularRing => IsRegular ? configuration.Ring : configuration.PreviousRing;
}

/// <summary>One configuration and everybody who installed it.</summary>
internal sealed class InstalledConfiguration(int index)
{
    /// <summary>Its rank among the configurations of the trace.</summary>
    public int Index => index;

    /// <summary>All stays in it, by processor, then in time.</summary>
    public List<Stay> Stays { get; } = [];

    /// <summary>How many processors installed it.</summary>
    public int InstallerCount { get; set; }
}

/// <summary>The name of a configuration: its kind and its ring; a transitional one also the ring before.</summary>
internal readonly record struct ConfigurationName(ConfigurationKind Kind, RingId Ring, RingId PreviousRing)
{
    public static ConfigurationName Of(Configuration configuration) => configuration.Kind == ConfigurationKind.Regular
        ? new ConfigurationName(ConfigurationKind.Regular, configuration.Ring, default)
        : new ConfigurationName(ConfigurationKind.Transitional, configuration.Ring, configuration.PreviousRing);
}
