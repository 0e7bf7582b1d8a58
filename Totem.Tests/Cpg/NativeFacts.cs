using Totem.Tests.Requirements;

namespace Totem.Tests.Cpg;

/// <summary>A test that builds the native libraries and programs in C against the distribution's headers.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NativeFactAttribute : FactAttribute
{
    public NativeFactAttribute() => Skip = Requirement.SkipUnless(NativeTheoryAttribute.Missing());
}

/// <summary>The same, once per row of data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NativeTheoryAttribute : TheoryAttribute
{
    private const string Header = "/usr/include/corosync/cpg.h";

    public NativeTheoryAttribute() => Skip = Requirement.SkipUnless(Missing());

    internal static string? Missing()
        => Requirement.Linux()
            ?? Requirement.Command("gcc", "gcc")
            ?? Requirement.Command("make", "make")
            ?? Requirement.Command("readelf", "binutils")
            ?? (File.Exists(Header) ? null : $"needs {Header} (packages libcpg-dev and libcfg-dev)");
}

/// <summary>A test that runs such a program beside a real daemon too, in a network of its own.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RealDaemonTheoryAttribute : TheoryAttribute
{
    public RealDaemonTheoryAttribute() => Skip = Requirement.SkipUnless(
        NativeTheoryAttribute.Missing(),
        Requirement.Root(),
        Requirement.Command("corosync", "corosync"),
        Requirement.Command("unshare", "util-linux"),
        Requirement.Command("ip", "iproute2"));
}

/// <summary>A native test in a network of its own.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NativeNetworkFactAttribute : FactAttribute
{
    public NativeNetworkFactAttribute() => Skip = Requirement.SkipUnless(
        NativeTheoryAttribute.Missing(), Requirement.Root(), Requirement.Command("unshare", "util-linux"),
        Requirement.Command("ip", "iproute2"));
}
