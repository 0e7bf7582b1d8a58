namespace Totem.Tests.Requirements;

/// <summary>The needs of all tests of a class, those it inherits too: the class says it, and
/// <see cref="NeedyFactAttribute"/> asks.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal abstract class NeedsAttribute : Attribute
{
    /// <summary>The missing need; null when nothing is.</summary>
    public abstract string? Missing { get; }
}

/// <summary>ZooKeeper's server and its client library.</summary>
internal sealed class NeedsZooKeeperAttribute : NeedsAttribute
{
    public override string? Missing => ZooKeeperTheoryAttribute.Missing();
}

/// <summary>The tools that libraries and programs in C are built with.</summary>
internal sealed class NeedsNativeToolsAttribute : NeedsAttribute
{
    public override string? Missing => Sheepdog.Native.SheepdogNativeTheoryAttribute.Missing();
}

/// <summary>Both.</summary>
internal sealed class NeedsNativeToolsAndZooKeeperAttribute : NeedsAttribute
{
    public override string? Missing =>
        Sheepdog.Native.SheepdogNativeTheoryAttribute.Missing() ?? ZooKeeperTheoryAttribute.Missing();
}
