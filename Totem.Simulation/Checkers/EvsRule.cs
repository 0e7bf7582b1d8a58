namespace Totem.Simulation.Checkers;

/// <summary>One numbered rule of extended virtual synchrony; EVS §4 says how each is evaluated.</summary>
/// <param name="Number">The number it is cited and reported under.</param>
/// <param name="Name">Its name.</param>
/// <param name="Statement">Its promise, in a sentence.</param>
public sealed record EvsRule(string Number, string Name, string Statement)
{
    /// <summary>1.1.</summary>
    public static EvsRule HappenedBefore { get; } = new("1.1", "happened before",
        "A processor's events are totally ordered, life after life, and nothing happened before itself.");

    /// <summary>1.2.</summary>
    public static EvsRule SentBefore { get; } = new("1.2", "sent before delivered",
        "Every delivered message was sent, before, by the processor it names, with those bytes, on the ring it is "
            + "delivered for.");

    /// <summary>1.3.</summary>
    public static EvsRule OnlyOnce { get; } = new("1.3", "only once",
        "No message is sent twice, and no processor delivers a message twice.");

    /// <summary>2.1.</summary>
    public static EvsRule InInstalledConfiguration { get; } = new("2.1", "in the installed configuration",
        "Every send and every delivery happens in the configuration that its processor installed last.");

    /// <summary>2.2.</summary>
    public static EvsRule SameMembers { get; } = new("2.2", "same members",
        "A configuration has the same members wherever it is installed, and who installs it is one of them.");

    /// <summary>2.3.</summary>
    public static EvsRule SimultaneousInstalls { get; } = new("2.3", "simultaneous installs",
        "Nothing that happened before one install of a configuration happens after another install of it.");

    /// <summary>2.4.</summary>
    public static EvsRule RegularTransitionalRegular { get; } = new("2.4", "regular, transitional, regular",
        "Between two regular configurations stands one transitional one, of members of both; ring sequences increase.");

    /// <summary>2.5.</summary>
    public static EvsRule LastConfiguration { get; } = new("2.5", "last configuration",
        "Processors that can reach one another end in one regular configuration of exactly those members.");

    /// <summary>3.</summary>
    public static EvsRule SelfDelivery { get; } = new("3", "self-delivery",
        "A message that a processor sends in c it delivers in com(c), unless it fails.");

    /// <summary>4.</summary>
    public static EvsRule FailureAtomicity { get; } = new("4", "failure atomicity",
        "Two processors that install c and then the same next configuration deliver the same messages in c.");

    /// <summary>5.</summary>
    public static EvsRule CausalDelivery { get; } = new("5", "causal delivery",
        "When one send happened before another in a regular configuration, nobody delivers the later one without the "
            + "earlier, first.");

    /// <summary>6.1.</summary>
    public static EvsRule TotalOrder { get; } = new("6.1", "total order",
        "One order of all messages and installs agrees with the order at every processor.");

    /// <summary>6.2.</summary>
    public static EvsRule NoHoles { get; } = new("6.2", "no holes",
        "A message that anybody delivers before m', all who deliver m' in c deliver before it too, when its sender is "
            + "a member of c.");

    /// <summary>7.1.</summary>
    public static EvsRule SafeDelivery { get; } = new("7.1", "safe delivery",
        "A safe message that anybody delivers in c is delivered in com(c) by every member of c, unless it fails.");

    /// <summary>7.2.</summary>
    public static EvsRule SafeInstalled { get; } = new("7.2", "safe in a regular configuration",
        "When a safe message is delivered in a regular configuration, every member has installed that configuration.");

    /// <summary>All rules, in the order of their numbers.</summary>
    public static IReadOnlyList<EvsRule> All { get; } =
    [
        HappenedBefore, SentBefore, OnlyOnce,
        InInstalledConfiguration, SameMembers, SimultaneousInstalls, RegularTransitionalRegular, LastConfiguration,
        SelfDelivery, FailureAtomicity, CausalDelivery, TotalOrder, NoHoles, SafeDelivery, SafeInstalled,
    ];

    /// <summary>The rule's number and name: <c>6.1 total order</c>.</summary>
    public override string ToString() => $"{Number} {Name}";
}
