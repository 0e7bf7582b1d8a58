using Xunit;

namespace Totem.Tests.Requirements;

// xunit 2 decides at discovery what is skipped, which is when these constructors run.

/// <summary>A test that needs Linux: /proc, signals to processes.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = Requirement.SkipUnless(Requirement.Linux());
}

/// <summary>The same, once per row of data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxTheoryAttribute : TheoryAttribute
{
    public LinuxTheoryAttribute() => Skip = Requirement.SkipUnless(Requirement.Linux());
}

/// <summary>A test that must run as root.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute() => Skip = Requirement.SkipUnless(Requirement.Linux(), Requirement.Root());
}

/// <summary>The same, once per row of data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RootTheoryAttribute : TheoryAttribute
{
    public RootTheoryAttribute() => Skip = Requirement.SkipUnless(Requirement.Linux(), Requirement.Root());
}

/// <summary>A test in network namespaces: Linux, root, iproute2 and iptables.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NamespaceFactAttribute : FactAttribute
{
    public NamespaceFactAttribute() => Skip = NamespaceTheoryAttribute.Missing();
}

/// <summary>The same, once per row of data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NamespaceTheoryAttribute : TheoryAttribute
{
    public NamespaceTheoryAttribute() => Skip = Missing();

    internal static string? Missing() => Requirement.SkipUnless(
        Requirement.Linux(),
        Requirement.Root(),
        Requirement.Command("ip", "iproute2"),
        Requirement.Command("iptables", "iptables"));
}

/// <summary>A test that needs a program of the distribution, such as a real corosync.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PackageFactAttribute : FactAttribute
{
    /// <param name="package">The package; its command has the same name unless
    /// <paramref name="command"/> says otherwise.</param>
    /// <param name="command">The command that must be on the path.</param>
    public PackageFactAttribute(string package, string? command = null)
    {
        Package = package;
        Skip = Requirement.SkipUnless(Requirement.Command(command ?? package, package));
    }

    /// <summary>The package that the test needs.</summary>
    public string Package { get; }
}
