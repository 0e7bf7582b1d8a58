namespace Totem.Sheepdog;

/// <summary>How much a line of a driver's log matters.</summary>
public enum ClusterLogLevel
{
    /// <summary>The steps of the protocol (<see cref="IClusterDriver.WritesDetail"/>).</summary>
    Debug,

    /// <summary>Where the cluster lives, who comes and goes, and why.</summary>
    Information,

    /// <summary>Something that its operator may not want: alone, cut off, a session that is lost.</summary>
    Warning,

    /// <summary>A part of it has stopped.</summary>
    Error,
}
