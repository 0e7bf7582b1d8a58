namespace Totem;

/// <summary>A membership that an application is told of (EVS94, configurations).</summary>
/// <param name="Kind">Regular or transitional.</param>
/// <param name="Ring">The ring id of a regular configuration; the id of the <em>next</em> ring for
/// a transitional one.</param>
/// <param name="PreviousRing">
/// Transitional: the regular configuration it follows, so that (previous ring, ring) names it. Regular: the regular
/// configuration before, or the default value for the first one.
/// </param>
/// <param name="Members">The members: never none, and always with the processor that installs it.</param>
public sealed record Configuration(ConfigurationKind Kind, RingId Ring, RingId PreviousRing, ProcessorSet Members)
{
    /// <summary>For people: <c>regular 1.13 {1, 2, 3}</c>, <c>transitional 1.9→1.13 {1, 2}</c>.</summary>
    public override string ToString() => Kind == ConfigurationKind.Regular
        ? $"regular {Ring} {Members}"
        : $"transitional {PreviousRing}→{Ring} {Members}";
}

/// <summary>The two kinds of configuration of extended virtual synchrony.</summary>
public enum ConfigurationKind
{
    /// <summary>An installed ring; new messages are sent only in one of these.</summary>
    Regular,

    /// <summary>Those who come along from one ring to the next; the rest of the old ring's messages
    /// are delivered in it.</summary>
    Transitional,
}
